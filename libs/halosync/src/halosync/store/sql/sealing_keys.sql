-- name: newest_public_key^
SELECT key_id, public_key FROM sealing_key ORDER BY key_id DESC LIMIT 1;

-- name: private_key$
SELECT private_key FROM sealing_key WHERE key_id = :key_id;

-- name: add_sealing_key!
INSERT INTO sealing_key (public_key, private_key) VALUES (:public_key, :private_key);
