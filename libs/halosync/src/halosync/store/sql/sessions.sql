-- name: open_session!
-- Only the hash of the cookie is kept: who reads the database cannot use the sessions.
INSERT INTO portal_session (token_hash, key_id, acts_for, expires_at)
VALUES (:token_hash, :key_id, :acts_for, now() + make_interval(secs => CAST(:lifetime_s AS float8)));

-- name: forget_old_sessions!
-- On each sign-in: what has expired is of no use to anybody.
DELETE FROM portal_session WHERE expires_at < now();

-- name: find_session^
-- Who sits there. A session ends with its key, at its expiry, and when nobody used it for a while.
SELECT s.key_id, k.name, k.partner_id, s.acts_for, s.notices,
    now() - s.last_seen_at > make_interval(secs => CAST(:note_every_s AS float8)) AS to_note
FROM portal_session s JOIN api_key k USING (key_id)
WHERE s.token_hash = :token_hash AND k.revoked_at IS NULL AND s.expires_at > now()
  AND s.last_seen_at > now() - make_interval(secs => CAST(:idle_s AS float8));

-- name: session_is_open^
-- For pages that stay open: asking does not count as use, or a screen that somebody has left would never be locked.
SELECT s.token_hash FROM portal_session s JOIN api_key k USING (key_id)
WHERE s.token_hash = :token_hash AND s.acts_for = :acts_for AND k.revoked_at IS NULL AND s.expires_at > now()
  AND s.last_seen_at > now() - make_interval(secs => CAST(:idle_s AS float8));

-- name: note_session_seen!
-- Who uses a session uses its key.
WITH seen AS (UPDATE portal_session SET last_seen_at = now() WHERE token_hash = :token_hash RETURNING key_id)
UPDATE api_key SET last_used_at = now() WHERE key_id IN (SELECT key_id FROM seen);

-- name: act_for!
UPDATE portal_session SET acts_for = :partner_id WHERE token_hash = :token_hash;

-- name: add_notice!
UPDATE portal_session SET notices = notices || CAST(:notice AS jsonb) WHERE token_hash = :token_hash;

-- name: clear_notices!
-- Those that were shown; one that came meanwhile stays for the next page.
UPDATE portal_session SET notices = '[]' WHERE token_hash = :token_hash AND notices = CAST(:shown AS jsonb);

-- name: close_session$
DELETE FROM portal_session WHERE token_hash = :token_hash RETURNING key_id;

-- name: partner_header^
-- What every page of a partner shows around its own contents.
SELECT p.partner_id, p.name, coalesce(c.state, 'disconnected') AS connection, c.tenant, c.problem
FROM partner p LEFT JOIN connection c USING (partner_id) WHERE p.partner_id = :partner_id;
