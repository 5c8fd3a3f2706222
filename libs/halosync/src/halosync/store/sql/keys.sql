-- name: create_key$
-- Only the hash is kept: who reads the database cannot use the keys. Nothing comes back when the id is taken: a form
-- that was sent twice makes one key.
INSERT INTO api_key (key_id, partner_id, name, role, key_hash)
VALUES (:key_id, :partner_id, :name, :role, :key_hash)
ON CONFLICT (key_id) DO NOTHING
RETURNING key_id;

-- name: find_key^
-- By the unique index on the hash; a revoked key is no key. to_note: its last use is to be noted again.
SELECT key_id, partner_id, name, role,
    last_used_at IS NULL OR now() - last_used_at > make_interval(secs => CAST(:note_every_s AS float8)) AS to_note
FROM api_key WHERE key_hash = :key_hash AND revoked_at IS NULL;

-- name: note_key_used!
-- Of many requests at once one notes it, and the others do not wait for it.
UPDATE api_key SET last_used_at = now()
WHERE key_id = (SELECT key_id FROM api_key WHERE key_id = :key_id FOR NO KEY UPDATE SKIP LOCKED);

-- name: list_keys
-- Of one partner, or all with those of operators; the revoked ones too, so that an operator sees what there was.
SELECT key_id, partner_id, name, role, created_at, last_used_at, revoked_at
FROM api_key
WHERE :partner_id::text IS NULL OR partner_id = :partner_id
ORDER BY partner_id NULLS FIRST, created_at, key_id;

-- name: page_of_keys
-- One partner's, oldest first, those behind the key `after_id`, which was created at `after_at`.
SELECT key_id, partner_id, name, role, created_at, last_used_at, revoked_at
FROM api_key
WHERE partner_id = :partner_id
  AND (CAST(:after_at AS timestamptz) IS NULL OR (created_at, key_id) > (:after_at, CAST(:after_id AS uuid)))
ORDER BY created_at, key_id LIMIT :most;

-- name: keys_in_use$
SELECT count(*) FROM api_key WHERE partner_id = :partner_id AND revoked_at IS NULL;

-- name: key_of_partner^
SELECT key_id, partner_id, name, role, created_at, last_used_at, revoked_at
FROM api_key WHERE key_id = :key_id AND partner_id = :partner_id;

-- name: revoke_key^
-- The first revocation counts; nothing comes back when there is no such key in use, or it is not this partner's.
UPDATE api_key SET revoked_at = now()
WHERE key_id = :key_id AND revoked_at IS NULL AND (:owner::text IS NULL OR partner_id = :owner)
RETURNING partner_id, name;

-- name: key_in_use$
-- For streams that stay open: asking does not count as use.
SELECT EXISTS (SELECT FROM api_key WHERE key_id = :key_id AND revoked_at IS NULL);
