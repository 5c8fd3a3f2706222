-- name: open_session!
-- Only the hash of the cookie is kept: who reads the database cannot use the sessions.
INSERT INTO portal_session (token_hash, key_id, email, acts_for, expires_at)
VALUES (:token_hash, :key_id, :email, :acts_for, now() + make_interval(secs => CAST(:lifetime_s AS float8)));

-- name: forget_old_sessions!
-- On each sign-in: what has expired is of no use to anybody.
DELETE FROM portal_session WHERE expires_at < now();

-- name: forget_surplus_sessions!
-- On each sign-in: nobody fills the table by signing in again and again.
DELETE FROM portal_session WHERE token_hash IN (
    SELECT token_hash FROM portal_session WHERE key_id = :key_id OR email = :email
    ORDER BY created_at DESC, token_hash OFFSET :most
);

-- name: find_session^
-- Who sits there, and what it may do now: (partner, role) of the key, or all those of the person. A session ends with
-- its key or with the person's last role, at its expiry, and when nobody used it for a while. `header`: what every page
-- of the partner :at shows; who asks sees to it that the session may enter there.
SELECT s.key_id, coalesce(k.name, s.email) AS name, s.acts_for, s.notices, a.access,
    (SELECT to_jsonb(h) FROM partner_header(:at) AS h) AS header,
    now() - s.last_seen_at > make_interval(secs => CAST(:note_every_s AS float8)) AS to_note
FROM portal_session s
LEFT JOIN api_key k USING (key_id)
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(entry.partner_id, entry.role)) AS access FROM (
        SELECT k.partner_id, k.role WHERE k.key_id IS NOT NULL AND k.revoked_at IS NULL
        UNION ALL
        SELECT p.partner_id, p.role FROM person p WHERE p.email = s.email
    ) entry
) a
WHERE s.token_hash = :token_hash AND a.access IS NOT NULL AND s.expires_at > now()
  AND s.last_seen_at > now() - make_interval(secs => CAST(:idle_s AS float8));

-- name: session_is_open^
-- For pages that stay open: asking does not count as use, or a screen that somebody has left would never be locked.
SELECT s.token_hash FROM portal_session s
WHERE s.token_hash = :token_hash AND s.acts_for = :acts_for AND s.expires_at > now()
  AND s.last_seen_at > now() - make_interval(secs => CAST(:idle_s AS float8))
  AND (
    EXISTS (SELECT FROM api_key k WHERE k.key_id = s.key_id AND k.revoked_at IS NULL)
    OR EXISTS (
        SELECT FROM person p WHERE p.email = s.email AND (p.partner_id IS NULL OR p.partner_id = s.acts_for)
    )
  );

-- name: note_session_seen!
-- Who uses a session uses its key.
WITH seen AS (UPDATE portal_session SET last_seen_at = now() WHERE token_hash = :token_hash RETURNING key_id)
UPDATE api_key SET last_used_at = now() WHERE key_id IN (SELECT key_id FROM seen);

-- name: act_for!
UPDATE portal_session SET acts_for = :partner_id WHERE token_hash = :token_hash;

-- name: add_notice!
-- The newest stay: a form that is sent again and again without a page in between must not make a page of any length.
UPDATE portal_session SET notices = (
    SELECT jsonb_agg(kept.notice ORDER BY kept.place)
    FROM (
        SELECT notice, place
        FROM jsonb_array_elements(notices || CAST(:notice AS jsonb)) WITH ORDINALITY AS every(notice, place)
        ORDER BY place DESC LIMIT :most
    ) kept
) WHERE token_hash = :token_hash;

-- name: clear_notices!
-- Those that were shown; one that came meanwhile stays for the next page.
UPDATE portal_session SET notices = '[]' WHERE token_hash = :token_hash AND notices = CAST(:shown AS jsonb);

-- name: close_session$
DELETE FROM portal_session WHERE token_hash = :token_hash RETURNING key_id;

-- name: partner_header^
-- What every page of a partner shows around its own contents.
SELECT * FROM partner_header(:partner_id);
