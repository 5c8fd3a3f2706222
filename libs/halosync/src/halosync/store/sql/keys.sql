-- name: create_key$
-- Only the hash is kept: who reads the database cannot use the keys.
INSERT INTO api_key (partner_id, name, key_hash) VALUES (:partner_id, :name, :key_hash)
RETURNING key_id;

-- name: find_key^
-- By the unique index on the hash; a revoked key is no key.
SELECT key_id, partner_id, name FROM api_key WHERE key_hash = :key_hash AND revoked_at IS NULL;

-- name: list_keys
-- Of one partner, or all with those of operators; the revoked ones too, so that an operator sees what there was.
SELECT key_id, partner_id, name, created_at, revoked_at
FROM api_key
WHERE :partner_id::text IS NULL OR partner_id = :partner_id
ORDER BY partner_id NULLS FIRST, created_at, key_id;

-- name: revoke_key^
-- The first revocation counts; nothing comes back when there is no such key in use, or it is not this partner's.
UPDATE api_key SET revoked_at = now()
WHERE key_id = :key_id AND revoked_at IS NULL AND (:owner::text IS NULL OR partner_id = :owner)
RETURNING partner_id, name;
