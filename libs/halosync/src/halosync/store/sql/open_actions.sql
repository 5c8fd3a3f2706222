-- name: batch_at_work^
-- A batch with what a writer must know of its run and partner. A review that the run itself ended has not seen what only
-- a look-up finds.
SELECT b.batch_id, b.run_id, b.partner_id, b.tenant, b.kind, b.state, b.failures, b.refused_generation,
    b.refused_rows, r.removal, r.price_field, p.rate_requests, p.rate_window_s,
    r.cancel_requested_at IS NOT NULL OR r.error_code IS NOT NULL AS stopping,
    coalesce(c.state = 'connected' AND c.tenant = b.tenant, false) AS connected, p.adopt_foreign,
    p.review_first_sync AND NOT EXISTS (
        SELECT FROM halo_snapshot s
        WHERE s.partner_id = b.partner_id AND halo_of(s.tenant) = halo_of(b.tenant) AND s.reviewed_at < r.started_at) AS unreviewed
FROM batch b JOIN run r USING (run_id) JOIN partner p ON p.partner_id = b.partner_id
LEFT JOIN connection c ON c.partner_id = b.partner_id
WHERE b.batch_id = :batch_id;

-- name: open_actions
-- What of a batch is not yet known to be done. settle_wait_s: how long Halo may still be applying a write. A create whose
-- partner wants that said has the product's name and the invoice of the first line that bills it.
-- All by key: after a large invoice Postgres has no statistics yet, and would compare all its lines with each item.
WITH invoices AS MATERIALIZED (
    SELECT o.invoice_pk, o.line_offset, v.invoice_id
    FROM batch b JOIN invoice_of_run o USING (run_id) JOIN invoice v USING (invoice_pk) WHERE b.batch_id = :batch_id)
SELECT i.item_id, i.run_id, i.product_code, r.licence_type, r.details, i.restores_licence_id, i.was_other_price,
    i.was_licence_type, i.was_product_sku, billed.invoice_id, billed.product_name,
    halo_client_id, halo_licence_id, action, set_name, licence_name, i.attempts, mark_no, action_state,
    unseen_at IS NOT NULL AS unseen, answer_status, answer_words,
    before_quantity, before_price, before_billing_cycle, before_active,
    after_quantity, after_price, after_billing_cycle, after_active, r.price_field,
    greatest(extract(epoch FROM settle_at - clock_timestamp()), 0)::float8 AS settle_wait_s
FROM batch JOIN run r USING (run_id) JOIN item i USING (batch_id)
LEFT JOIN LATERAL (
    SELECT o.invoice_id, l.product_name
    FROM invoices o CROSS JOIN LATERAL (
        SELECT product_name FROM invoice_line
        WHERE invoice_pk = o.invoice_pk AND line_no = i.line_nos[1] - o.line_offset LIMIT 1) AS l
    WHERE o.line_offset < i.line_nos[1] ORDER BY o.line_offset DESC LIMIT 1
) AS billed ON r.details AND i.action = 'create' AND i.halo_licence_id IS NULL
WHERE batch_id = :batch_id AND i.action_state IN ('waiting', 'sending', 'unknown') ORDER BY i.seq;

-- name: known_licences
-- What a look-up of a client must show to be believed. Halo's delete may be under way, so what this run removes may be gone.
SELECT l.halo_licence_id
FROM halo_licence l JOIN halo_snapshot s ON s.partner_id = l.partner_id AND halo_of(s.tenant) = halo_of(:tenant)
WHERE l.partner_id = :partner_id AND l.halo_client_id = :client_id AND l.removed_at IS NULL
  AND NOT EXISTS (SELECT FROM item i WHERE i.run_id = :run_id AND i.action = 'delete'
                  AND i.halo_licence_id = l.halo_licence_id);

-- name: ever_known
-- Which of these licences halosync has known, whatever has become of them: no create under way has made them.
SELECT l.halo_licence_id
FROM licence_memory l JOIN halo_snapshot s ON s.partner_id = l.partner_id AND halo_of(s.tenant) = halo_of(:tenant)
WHERE l.partner_id = :partner_id AND l.halo_licence_id = ANY(:licence_ids);

-- name: created_names
-- What explains a licence that nobody knew: it is another create of the same run.
SELECT coalesce(set_name, licence_name, '') AS name FROM item
WHERE run_id = :run_id AND halo_client_id = :client_id AND action = 'create';

-- name: knows_licences$
-- Whether Halo must show any licence at all.
SELECT EXISTS (
    SELECT FROM halo_licence l JOIN halo_snapshot s ON s.partner_id = l.partner_id AND halo_of(s.tenant) = halo_of(:tenant)
    WHERE l.partner_id = :partner_id AND l.removed_at IS NULL
      AND NOT EXISTS (SELECT FROM item i WHERE i.run_id = :run_id AND i.action = 'delete'
                      AND i.halo_licence_id = l.halo_licence_id));
