-- name: invoice_views
-- Newest first, each with its newest run; only those that nothing supersedes, so one entry for each invoice_id.
SELECT i.invoice_pk, i.invoice_id, i.revision, i.period, i.currency, i.line_count, i.total, i.received_at, i.issued_at,
    r.run_id, r.state AS run_state
FROM invoice i
LEFT JOIN LATERAL (
    SELECT run_id, state FROM run WHERE run.invoice_pk = i.invoice_pk ORDER BY created_at DESC, run_id LIMIT 1
) AS r ON true
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL
  AND (CAST(:issued_at AS timestamptz) IS NULL
       OR (i.issued_at, i.invoice_pk) < (CAST(:issued_at AS timestamptz), CAST(:invoice_pk AS bigint)))
ORDER BY i.issued_at DESC, i.invoice_pk DESC LIMIT :most;

-- name: invoices_by_month
-- What can be looked at: the invoices that count, by month, newest first.
SELECT invoice_pk, invoice_id, revision, period, currency, line_count, total, issued_at, received_at
FROM invoice WHERE partner_id = :partner_id AND superseded_by IS NULL
ORDER BY period DESC, issued_at DESC, invoice_pk DESC LIMIT :most;

-- name: synced_invoices
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
