-- name: newest_public_key^
SELECT key_id, public_key FROM sealing_key ORDER BY key_id DESC LIMIT 1;

-- name: private_key$
SELECT private_key FROM sealing_key WHERE key_id = :key_id;

-- name: add_sealing_key!
INSERT INTO sealing_key (public_key, private_key) VALUES (:public_key, :private_key);

-- name: private_keys
-- All of them, each with the partners whose webhooks' secrets it opens: these need it for as long as they are there.
SELECT key_id, private_key, ARRAY(SELECT DISTINCT w.partner_id FROM webhook w WHERE w.secret_key_id = key_id) AS needed_by
FROM sealing_key ORDER BY key_id;

-- name: encrypt_private_key_anew!
-- It is the same key in another encryption; if somebody else was quicker, it is done.
UPDATE sealing_key SET private_key = :anew WHERE key_id = :key_id AND private_key = :before;
