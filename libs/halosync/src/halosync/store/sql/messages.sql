-- name: content_of_event$
SELECT content FROM inbox WHERE consumer = :consumer AND event_id = :event_id;

-- name: add_to_outbox!
-- In the transaction of the work it tells of.
INSERT INTO outbox (exchange, routing_key, message_type, body, headers)
VALUES (:exchange, :routing_key, :message_type, :body, :headers);

-- name: lock_outbox
-- Rows that no other relay is publishing, oldest first, but none of the kinds (exchange/routing key) that are refused.
SELECT outbox_id, exchange, routing_key, message_type, body, headers
FROM outbox WHERE exchange || '/' || routing_key <> ALL(:refused::text[])
ORDER BY outbox_id LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: lock_refused
-- Those of the kinds that are refused, oldest first.
SELECT outbox_id, exchange, routing_key, message_type, body, headers
FROM outbox WHERE exchange || '/' || routing_key = ANY(:refused::text[])
ORDER BY outbox_id LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: delete_from_outbox!
-- Nobody waits until it is on the disk: should Postgres crash before, they are published twice, as after any crash.
DELETE FROM outbox WHERE outbox_id = ANY(:outbox_ids) RETURNING set_config('synchronous_commit', 'off', true);
