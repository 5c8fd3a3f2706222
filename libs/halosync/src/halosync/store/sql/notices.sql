-- name: lock_notices_to_spread
-- Whoever is first spreads them; what another process has locked it spreads.
SELECT notice_id, partner_id, type, data, happened_at FROM notice WHERE spread_at IS NULL
ORDER BY happened_at LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: held_by_reason
-- What a run holds, and for each reason a digest of it that is the same in another run that holds the same changes.
SELECT i.reason, count(*) AS count, md5(string_agg(concat_ws(chr(31), i.halo_client_id, i.product_code, i.halo_licence_id,
    i.action, i.after_quantity, i.after_price, i.after_billing_cycle), chr(30)
    ORDER BY i.halo_client_id, i.product_code, i.halo_licence_id)) AS digest
FROM item i WHERE i.run_id = :run_id AND i.outcome = 'held' GROUP BY i.reason ORDER BY i.reason;

-- name: note_state$
-- True if the state is another one than was told last.
INSERT INTO notice_state (partner_id, type, state) VALUES (:partner_id, :type, :state)
ON CONFLICT (partner_id, type) DO UPDATE SET state = excluded.state WHERE notice_state.state <> excluded.state
RETURNING true;

-- name: tell_notice$
INSERT INTO notice (partner_id, type, data, happened_at, spread_at)
VALUES (:partner_id, :type, :data, :happened_at, clock_timestamp()) RETURNING notice_id;

-- name: notice_spread!
UPDATE notice SET spread_at = clock_timestamp() WHERE notice_id = :notice_id;

-- name: spread_to_webhooks!
INSERT INTO notice_delivery (notice_id, webhook_id)
SELECT :notice_id, w.webhook_id FROM webhook w
WHERE w.partner_id = :partner_id AND (w.events IS NULL OR CAST(:type AS text) = ANY(w.events))
ON CONFLICT DO NOTHING;

-- name: spread_to_people!
-- Those who can do something about it, if the partner wants e-mail.
INSERT INTO notice_delivery (notice_id, email)
SELECT :notice_id, p.email FROM person p JOIN partner USING (partner_id)
WHERE p.partner_id = :partner_id AND p.role IN ('biller', 'admin') AND partner.email_notices
ON CONFLICT DO NOTHING;

-- name: claim_webhook_delivery^
-- The delivery that is due longest of the webhook that was served longest ago. One at a time of a webhook, in all
-- processes together: a receiver that is slow keeps nobody waiting but itself. `full`: partners with enough at work here.
WITH chosen AS (
    SELECT w.webhook_id FROM webhook w
    WHERE w.claimed_until < clock_timestamp() AND w.rests_until < clock_timestamp()
      AND NOT w.partner_id = ANY(CAST(:full AS text[]))
      AND EXISTS (SELECT FROM notice_delivery d WHERE d.webhook_id = w.webhook_id AND d.state = 'pending'
                  AND d.due_at <= clock_timestamp())
    ORDER BY w.claimed_until, w.webhook_id LIMIT 1 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE webhook w SET claimed_until = clock_timestamp() + make_interval(secs => :claim_s)
    FROM chosen WHERE w.webhook_id = chosen.webhook_id
    RETURNING w.webhook_id, w.partner_id, w.url, w.secret_key_id, w.sealed_secret, w.claimed_until, w.failures
)
SELECT c.*, d.delivery_id, d.notice_id, d.attempts, d.due_at, n.type, n.data, n.happened_at
FROM claimed c
CROSS JOIN LATERAL (
    SELECT * FROM notice_delivery e WHERE e.webhook_id = c.webhook_id AND e.state = 'pending'
    ORDER BY e.due_at, e.delivery_id LIMIT 1) AS d
JOIN notice n USING (notice_id);

-- name: release_webhook$
-- Only whoever has the claim: one that took too long has lost it, and its delivery is made again.
UPDATE webhook SET claimed_until = clock_timestamp(), failures = :failures,
    rests_until = clock_timestamp() + make_interval(secs => :rest_s)
WHERE webhook_id = :webhook_id AND claimed_until = :claimed_until RETURNING true;

-- name: claim_mail^
-- Its new `due_at` fences it. The attempt is charged before anything is sent.
UPDATE notice_delivery d SET due_at = clock_timestamp() + make_interval(secs => :claim_s), attempts = d.attempts + 1
FROM notice n
WHERE n.notice_id = d.notice_id AND d.delivery_id = (
    SELECT e.delivery_id FROM notice_delivery e
    WHERE e.email IS NOT NULL AND e.state = 'pending' AND e.due_at <= clock_timestamp()
    ORDER BY e.due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING d.delivery_id, d.notice_id, d.email, d.attempts - 1 AS attempts, d.due_at, n.partner_id, n.type, n.data, n.happened_at,
    (SELECT partner.name FROM partner WHERE partner.partner_id = n.partner_id) AS partner_name,
    EXISTS (SELECT FROM person p JOIN partner q USING (partner_id)
            WHERE p.email = d.email AND p.partner_id = n.partner_id AND p.role IN ('biller', 'admin')
              AND q.email_notices) AS is_wanted;

-- name: record_attempt!
INSERT INTO notice_attempt (delivery_id, number, started_at, duration_ms, status, answer, problem)
VALUES (:delivery_id, (SELECT coalesce(max(a.number), 0) + 1 FROM notice_attempt a WHERE a.delivery_id = :delivery_id),
        :started_at, :duration_ms, :status, :answer, :problem);

-- name: finish_delivery$
-- True unless it was asked for again or claimed by another process since: that counts then.
UPDATE notice_delivery SET state = :state, attempts = :attempts,
    due_at = clock_timestamp() + make_interval(secs => :pause_s)
WHERE delivery_id = :delivery_id AND due_at = :due_at RETURNING true;

-- name: give_up_deliveries$
-- Of receivers that fail, in small steps: while such a one rests, what waits for it gets few attempts or none, and would
-- wait without end. A receiver that does not fail waits for us, and gets everything, however late.
WITH late AS (
    SELECT d.delivery_id FROM notice_delivery d LEFT JOIN webhook w USING (webhook_id)
    WHERE d.state = 'pending' AND d.asked_at < clock_timestamp() - make_interval(secs => :tried_for_s)
      AND (w.failures > 0 OR (d.email IS NOT NULL AND d.attempts > 0))
    LIMIT :most FOR UPDATE OF d SKIP LOCKED
), given_up AS (
    UPDATE notice_delivery d SET state = 'failed' FROM late WHERE d.delivery_id = late.delivery_id RETURNING d.delivery_id
)
SELECT count(*) FROM given_up;

-- name: drop_delivery!
DELETE FROM notice_delivery WHERE delivery_id = :delivery_id;

-- name: when_invoices_are_expected
-- Of every partner: when it expects its invoice, and the newest month that has one, by what the invoice bills and by when
-- its first revision was issued.
SELECT p.partner_id, p.country, p.invoice_day, p.created_at, (
    SELECT max(greatest(to_date(n.period, 'YYYY-MM'), CAST(n.issued_at AT TIME ZONE 'UTC' AS date)))
    FROM (SELECT min(i.period) AS period, min(i.issued_at) AS issued_at FROM invoice i
          WHERE i.partner_id = p.partner_id GROUP BY i.invoice_id) AS n) AS arrived
FROM partner p ORDER BY p.partner_id;

-- name: purge_notices$
-- In small steps, oldest first; deliveries and attempts go with them. What is still on its way stays.
WITH old AS (
    SELECT n.notice_id FROM notice n
    WHERE n.happened_at < clock_timestamp() - make_interval(days => :kept_days) AND n.spread_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM notice_delivery d WHERE d.notice_id = n.notice_id AND d.state = 'pending')
    ORDER BY n.happened_at LIMIT :most FOR UPDATE SKIP LOCKED
), gone AS (DELETE FROM notice n USING old WHERE n.notice_id = old.notice_id RETURNING n.notice_id)
SELECT count(*) FROM gone;
