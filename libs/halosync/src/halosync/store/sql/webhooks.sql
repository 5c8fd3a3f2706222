-- name: create_webhook^
INSERT INTO webhook (webhook_id, partner_id, url, events, secret_key_id, sealed_secret, created_by)
VALUES (:webhook_id, :partner_id, :url, :events, :secret_key_id, :sealed_secret, :created_by)
ON CONFLICT (webhook_id) DO NOTHING
RETURNING webhook_id, url, events, created_at, created_by, failures, rests_until;

-- name: count_webhooks$
SELECT count(*) FROM webhook WHERE partner_id = :partner_id;

-- name: page_of_webhooks
-- One partner's, oldest first, those behind the webhook `after_id`, which was created at `after_at`.
SELECT webhook_id, url, events, created_at, created_by, failures, rests_until FROM webhook
WHERE partner_id = :partner_id
  AND (CAST(:after_at AS timestamptz) IS NULL OR (created_at, webhook_id) > (:after_at, CAST(:after_id AS uuid)))
ORDER BY created_at, webhook_id LIMIT :most;

-- name: webhook_of_partner^
SELECT webhook_id, url, events, created_at, created_by, failures, rests_until FROM webhook
WHERE webhook_id = :webhook_id AND partner_id = :partner_id;

-- name: lock_webhook^
-- A test or a replay is asked for: it is made at once, though the receiver rests.
UPDATE webhook SET rests_until = 'epoch' WHERE webhook_id = :webhook_id AND partner_id = :partner_id RETURNING webhook_id;

-- name: delete_webhook$
-- Its deliveries go with it.
DELETE FROM webhook WHERE webhook_id = :webhook_id AND partner_id = :partner_id RETURNING url;

-- name: pending_test$
SELECT EXISTS (SELECT FROM notice_delivery d JOIN notice n USING (notice_id)
               WHERE d.webhook_id = :webhook_id AND d.state = 'pending' AND n.type = :type);

-- name: add_test$
WITH told AS (
    INSERT INTO notice (partner_id, type, data, spread_at)
    VALUES (:partner_id, :type, :data, clock_timestamp()) RETURNING notice_id
)
INSERT INTO notice_delivery (notice_id, webhook_id) SELECT told.notice_id, :webhook_id FROM told RETURNING delivery_id;

-- name: deliveries_page
-- A webhook's, newest first, those behind the delivery `after_id`, which was made at `after_at`.
SELECT d.delivery_id, d.notice_id, n.type, n.data, n.happened_at, d.state, d.created_at,
    CASE WHEN d.state = 'pending' THEN greatest(d.due_at, w.rests_until) END AS next_attempt_at
FROM notice_delivery d JOIN notice n USING (notice_id) JOIN webhook w USING (webhook_id)
WHERE d.webhook_id = :webhook_id
  AND (CAST(:after_at AS timestamptz) IS NULL OR (d.created_at, d.delivery_id) < (:after_at, CAST(:after_id AS uuid)))
ORDER BY d.created_at DESC, d.delivery_id DESC LIMIT :most;

-- name: attempts_of
SELECT delivery_id, number, started_at, duration_ms, status, answer, problem FROM notice_attempt
WHERE delivery_id = ANY(:delivery_ids) ORDER BY delivery_id, number;

-- name: replay_delivery$
-- What is pending is made due; what was delivered or given up begins anew. The receiver knows it by the same id.
UPDATE notice_delivery SET state = 'pending', attempts = 0, asked_at = clock_timestamp(), due_at = clock_timestamp()
WHERE delivery_id = :delivery_id AND webhook_id = :webhook_id RETURNING delivery_id;
