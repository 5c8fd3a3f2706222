-- name: keep_dead_letter$
-- The same poison delivered twice is one dead letter, counted; the newest reason is the one that holds.
INSERT INTO dead_letter (queue, message_type, reason, body, body_hash, whole_size, headers)
VALUES (:queue, :message_type, :reason, :body, :body_hash, :whole_size, :headers)
ON CONFLICT (queue, body_hash) WHERE state = 'kept' DO UPDATE SET
    times_seen = dead_letter.times_seen + 1, last_seen = now(),
    reason = excluded.reason, message_type = excluded.message_type, headers = excluded.headers
RETURNING dead_letter_id;

-- name: kept_dead_letter_bytes$
-- How much the bodies of all dead letters take; the length of a body is known without reading it.
SELECT coalesce(sum(octet_length(body)), 0)::bigint FROM dead_letter;

-- name: list_dead_letters
-- A page, those behind the number `after`, oldest first, the order in which they are replayed. Without the bodies: those
-- can be megabytes each.
SELECT dead_letter_id, queue, message_type, reason, first_seen, last_seen, times_seen, state, closed_at,
       coalesce(whole_size, octet_length(body)) AS size, whole_size IS NOT NULL AS is_cut
FROM dead_letter
WHERE (:state::text IS NULL OR state = :state)
  AND (:queue::text IS NULL OR queue = :queue)
  AND (:reason_like::text IS NULL OR reason ILIKE :reason_like)
  AND dead_letter_id > :after
ORDER BY dead_letter_id LIMIT :most;

-- name: dead_letter_numbers
-- The numbers of all that are meant, oldest first.
SELECT dead_letter_id FROM dead_letter
WHERE (:state::text IS NULL OR state = :state)
  AND (:queue::text IS NULL OR queue = :queue)
  AND (:reason_like::text IS NULL OR reason ILIKE :reason_like)
ORDER BY dead_letter_id;

-- name: known_dead_letters
-- Which of these numbers there are.
SELECT dead_letter_id FROM dead_letter WHERE dead_letter_id = ANY(:dead_letter_ids::bigint[]);

-- name: group_dead_letters
-- One row for each thing that is wrong: a thousand invoices with one mistake are one line for the operator.
-- Uuids, hexadecimal digests and numbers are what differs between two cases of one cause.
WITH letter AS (
    SELECT *, regexp_replace(
        reason, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\m[0-9a-f]{16,}\M|[0-9]+', '#', 'gi') AS cause
    FROM dead_letter
    WHERE (:state::text IS NULL OR state = :state)
      AND (:queue::text IS NULL OR queue = :queue)
      AND (:reason_like::text IS NULL OR reason ILIKE :reason_like)
)
SELECT queue, cause, count(*) AS letters, sum(times_seen)::bigint AS times_seen,
       min(first_seen) AS first_seen, max(last_seen) AS last_seen, max(dead_letter_id) AS newest_id
FROM letter GROUP BY queue, cause ORDER BY count(*) DESC, queue, cause;

-- name: dead_letter^
-- Everything about one, for the operator who corrects it.
SELECT dead_letter_id, queue, message_type, reason, first_seen, last_seen, times_seen, state, closed_at,
       coalesce(whole_size, octet_length(body)) AS size, whole_size IS NOT NULL AS is_cut, body, headers
FROM dead_letter WHERE dead_letter_id = :dead_letter_id;

-- name: lock_dead_letter^
-- For a replay: nobody else can replay or discard it until the transaction ends, and who tries is told at once.
SELECT dead_letter_id, queue, message_type, reason, first_seen, last_seen, times_seen, state, closed_at,
       coalesce(whole_size, octet_length(body)) AS size, whole_size IS NOT NULL AS is_cut, body, headers
FROM dead_letter WHERE dead_letter_id = :dead_letter_id AND state = 'kept'
FOR UPDATE SKIP LOCKED;

-- name: close_replayed!
-- In the transaction of lock_dead_letter, after the broker has confirmed the message.
UPDATE dead_letter SET state = 'replayed', closed_at = now() WHERE dead_letter_id = :dead_letter_id;

-- name: discard_dead_letters$
-- The rows stay, so that it can be told later what was thrown away. One that is being replayed is passed over.
WITH chosen AS (
    SELECT dead_letter_id FROM dead_letter
    WHERE dead_letter_id = ANY(:dead_letter_ids::bigint[]) AND state = 'kept'
    FOR UPDATE SKIP LOCKED
), closed AS (
    UPDATE dead_letter SET state = 'discarded', closed_at = now()
    FROM chosen WHERE dead_letter.dead_letter_id = chosen.dead_letter_id
    RETURNING 1
)
SELECT count(*) FROM closed;
