-- name: run_overview^
-- One run for `halosync run watch`, read again and again until it ends.
SELECT run_id, run.partner_id, invoice_id, revision, mode, state, requested_by, created_at, started_at, finished_at,
       error_code, error, halo_requests, run.total, synced, skipped, held, failed, pending,
       created, updated, deleted, unchanged
FROM run JOIN invoice USING (invoice_pk) WHERE run_id = :run_id;

-- name: newest_run_overviews
-- For `halosync run list`: of one partner by the index run_newest, or of all.
SELECT run_id, run.partner_id, invoice_id, revision, mode, state, requested_by, created_at, started_at, finished_at,
       error_code, error, halo_requests, run.total, synced, skipped, held, failed, pending,
       created, updated, deleted, unchanged
FROM run JOIN invoice USING (invoice_pk)
WHERE :partner_id::text IS NULL OR run.partner_id = :partner_id
ORDER BY created_at DESC, run_id LIMIT :most;
