-- name: history_invoices
-- The newest invoices of those that count, each with the run that tells most about it: the newest that applied and made
-- a plan, else the newest that applied. A run that could not read Halo changed nothing, so Halo is still as the one
-- before it left it.
SELECT i.invoice_id, i.revision, i.period, i.issued_at, i.line_count,
    r.run_id, r.state, r.total, r.synced, r.skipped, r.held, r.failed, r.pending
FROM (
    SELECT * FROM invoice WHERE partner_id = :partner_id AND superseded_by IS NULL
    ORDER BY issued_at DESC, invoice_pk DESC LIMIT :most
) AS i
LEFT JOIN LATERAL (
    SELECT * FROM run WHERE run.invoice_pk = i.invoice_pk AND mode = 'apply'
    ORDER BY (total > 0) DESC, created_at DESC, run_id LIMIT 1
) AS r ON true
ORDER BY i.issued_at DESC, i.invoice_pk DESC;

-- name: history_run_counts
-- How many runs there are of each mode: few, by the index run_newest.
SELECT mode, count(*) AS runs FROM run WHERE partner_id = :partner_id GROUP BY mode;

-- name: history_runs
-- A page of runs, newest first. By offset: people turn pages by number, and a run that is added shifts them by one.
SELECT r.*, i.invoice_id, i.revision, i.currency, i.period
FROM run r JOIN invoice i USING (invoice_pk)
WHERE r.partner_id = :partner_id AND (CAST(:mode AS text) IS NULL OR r.mode = :mode)
ORDER BY r.created_at DESC, r.run_id LIMIT :most OFFSET :skip;

-- name: history_run^
-- One run with what its page says of the invoice. The partner is part of the question.
SELECT r.*, i.invoice_id, i.revision, i.currency, i.period, i.issued_at, i.superseded_by IS NOT NULL AS superseded
FROM run r JOIN invoice i USING (invoice_pk)
WHERE r.partner_id = :partner_id AND r.run_id = :run_id;

-- name: history_item_counts
-- What the filters would show: one pass over the run's items.
SELECT outcome, action, count(*) AS items FROM item
WHERE run_id = :run_id
  AND (CAST(:pattern AS text) IS NULL
       OR lower(concat_ws(chr(10), customer_name, product_code, licence_name, array_to_string(customer_ids, chr(10)),
                          reason, detail)) LIKE lower(:pattern))
GROUP BY outcome, action;

-- name: history_items
-- A page of items in the plan's order, by the key of run and seq. Items are never added to a plan, so a page by offset
-- moves only where a filter on the outcome meets a run that goes on. The counts above are of the same filter.
SELECT item_id, seq, customer_ids, customer_name, halo_client_id, product_code, licence_name, halo_licence_id,
    action, outcome, reason, detail, before_quantity, before_price, before_billing_cycle, before_active,
    after_quantity, after_price, after_billing_cycle, after_active, attempts
FROM item
WHERE run_id = :run_id
  AND (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
  AND (CAST(:action AS text) IS NULL OR action = :action)
  AND (CAST(:pattern AS text) IS NULL
       OR lower(concat_ws(chr(10), customer_name, product_code, licence_name, array_to_string(customer_ids, chr(10)),
                          reason, detail)) LIKE lower(:pattern))
ORDER BY seq LIMIT :most OFFSET :skip;
