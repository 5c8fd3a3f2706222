-- name: invoice_views
-- Newest first, each with its newest run; only those that nothing supersedes, so one entry for each invoice_id.
SELECT i.invoice_pk, i.invoice_id, i.revision, i.period, i.currency, i.line_count, i.total, i.received_at, i.issued_at,
    r.run_id, r.state AS run_state
FROM invoice i
LEFT JOIN LATERAL (
    SELECT run.run_id, run.state FROM invoice_of_run of JOIN run USING (run_id)
    WHERE of.invoice_pk = i.invoice_pk ORDER BY run.created_at DESC, run.run_id LIMIT 1
) AS r ON true
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL
  AND (CAST(:period AS text) IS NULL
       OR (i.period, i.issued_at, i.invoice_pk)
          < (CAST(:period AS text), CAST(:issued_at AS timestamptz), CAST(:invoice_pk AS bigint)))
ORDER BY i.period DESC, i.issued_at DESC, i.invoice_pk DESC LIMIT :most;

-- name: invoice_expectation^
-- A correction is no new month: of the newest one that is billed, it counts when its first invoice was issued.
SELECT p.invoice_day, p.country,
    (SELECT min(first.issued_at) FROM invoice newest JOIN invoice first USING (partner_id, period)
     WHERE newest.invoice_pk = newest_invoice(:partner_id)) AS newest_month_began
FROM partner p WHERE p.partner_id = :partner_id;

-- name: invoices_by_month
-- What can be looked at: the invoices that count, by month, newest first.
SELECT invoice_pk, invoice_id, revision, period, currency, line_count, total, issued_at, received_at
FROM invoice WHERE partner_id = :partner_id AND superseded_by IS NULL AND purged_at IS NULL
ORDER BY period DESC, issued_at DESC, invoice_pk DESC LIMIT :most;

-- name: synced_invoices
-- The newest invoices of those that count, and those that another one replaced before any run had applied them, each with
-- the run that tells most about it: the newest that applied and made a plan, else the newest that applied. A run that
-- could not read Halo changed nothing, so Halo is still as the one before it left it.
SELECT i.invoice_id, i.revision, i.period, i.issued_at, i.line_count, i.replaced_by,
    r.run_id, r.state, r.total, r.synced, r.skipped, r.held, r.failed, r.pending
FROM (
    SELECT n.*, other.invoice_id AS replaced_by
    FROM invoice n LEFT JOIN invoice other ON other.invoice_pk = n.superseded_by
    WHERE n.partner_id = :partner_id
      AND (n.superseded_by IS NULL OR other.invoice_id <> n.invoice_id AND NOT EXISTS (
          SELECT FROM invoice_of_run of JOIN run USING (run_id)
          WHERE of.invoice_pk = n.invoice_pk AND run.mode = 'apply' AND run.total > 0))
    ORDER BY n.period DESC, n.issued_at DESC, n.invoice_pk DESC LIMIT :most
) AS i
LEFT JOIN LATERAL (
    SELECT run.* FROM invoice_of_run of JOIN run USING (run_id) WHERE of.invoice_pk = i.invoice_pk AND run.mode = 'apply'
    ORDER BY (run.total > 0) DESC, run.created_at DESC, run.run_id LIMIT 1
) AS r ON true
ORDER BY i.period DESC, i.issued_at DESC, i.invoice_pk DESC;
