-- name: run_view^
-- The partner is part of the question: another partner's run is not found. NULL: of any partner.
SELECT *, run_invoice_ids(run_id, invoice_id) AS invoice_ids FROM run_view
WHERE run_id = :run_id AND (CAST(:partner_id AS text) IS NULL OR partner_id = :partner_id);

-- name: newest_run_view^
-- Read often, for pages that are open: by the index run_newest.
SELECT *, run_invoice_ids(run_id, invoice_id) AS invoice_ids FROM run_view
WHERE partner_id = :partner_id AND (CAST(:mode AS text) IS NULL OR mode = :mode)
ORDER BY created_at DESC, run_id LIMIT 1;

-- name: run_views_of_partner
-- Newest first, by the index run_newest: those behind created_at and run_id, or behind `skip` others. People turn pages
-- by number; a run that is added shifts them by one.
SELECT *, run_invoice_ids(run_id, invoice_id) AS invoice_ids FROM run_view
WHERE partner_id = :partner_id AND (CAST(:mode AS text) IS NULL OR mode = :mode)
  AND (CAST(:created_at AS timestamptz) IS NULL OR created_at < CAST(:created_at AS timestamptz)
       OR (created_at = CAST(:created_at AS timestamptz) AND run_id > CAST(:run_id AS uuid)))
ORDER BY created_at DESC, run_id LIMIT :most OFFSET :skip;

-- name: sorted_run_views
-- By a column of the history. A partner has some hundreds of runs: all are looked at. Those that are equal stand newest first.
SELECT *, run_invoice_ids(run_id, invoice_id) AS invoice_ids FROM run_view
WHERE partner_id = :partner_id AND (CAST(:mode AS text) IS NULL OR mode = :mode)
ORDER BY
    CASE CAST(:sort AS text) WHEN 'synced' THEN synced WHEN 'skipped' THEN skipped WHEN 'held' THEN held
        WHEN 'failed' THEN failed WHEN 'started' THEN extract(epoch FROM created_at)
        WHEN 'took' THEN extract(epoch FROM coalesce(finished_at, now()) - coalesce(started_at, created_at))
        WHEN 'state' THEN array_position(ARRAY['failed', 'partial', 'queued', 'reading', 'planning', 'writing', 'cancelled',
            'previewed', 'succeeded'], state)
    END * CASE WHEN :down THEN -1 ELSE 1 END,
    CASE WHEN NOT :down THEN CASE :sort WHEN 'invoice' THEN period || natural_order(invoice_id)
        WHEN 'person' THEN natural_order(requested_by) END COLLATE "C" END,
    CASE WHEN :down THEN CASE :sort WHEN 'invoice' THEN period || natural_order(invoice_id)
        WHEN 'person' THEN natural_order(requested_by) END COLLATE "C" END DESC,
    created_at DESC, run_id LIMIT :most OFFSET :skip;

-- name: run_views_of_all
-- Of all partners, for the operator.
SELECT *, run_invoice_ids(run_id, invoice_id) AS invoice_ids FROM run_view ORDER BY created_at DESC, run_id LIMIT :most;

-- name: open_run_views
-- Those that have not ended, of all partners, for the operator; oldest first.
SELECT *, run_invoice_ids(run_id, invoice_id) AS invoice_ids FROM run_view
WHERE state IN ('queued', 'reading', 'planning', 'writing') ORDER BY created_at, run_id;

-- name: run_is_purged$
SELECT EXISTS (SELECT FROM run WHERE run_id = :run_id AND purged_at IS NOT NULL);

-- name: run_mode_counts
-- How many runs there are of each mode: few, by the index run_newest.
SELECT mode, count(*) AS runs FROM run WHERE partner_id = :partner_id GROUP BY mode;

-- name: run_costs
-- Kept when a run ends; added up from its items while it goes on.
SELECT run_id, billing_cycle, before, after FROM run_money WHERE run_id = ANY(:run_ids)
UNION ALL
SELECT r.run_id, m.billing_cycle, m.before, m.after FROM run r CROSS JOIN LATERAL run_money_now(r.run_id) AS m
WHERE r.run_id = ANY(:run_ids) AND r.state IN ('queued', 'reading', 'planning', 'writing')
ORDER BY run_id, billing_cycle;

-- name: run_effort^
-- What is left of a run, how fast it goes, and what its tenant's limiter allows batch work now (all it has learnt
-- counts). A write batch is one request, a delete batch one for each item. wait_s: until a request may be sent, 0 if one
-- may now; of what is in flight it is a guess, as for the limiter itself. NULL columns: the tenant never had a permit.
SELECT
    (SELECT count(*) FROM batch b WHERE b.run_id = r.run_id AND b.state <> 'done' AND b.kind = 'write')
    + (SELECT count(*) FROM batch b JOIN item i USING (batch_id)
       WHERE b.run_id = r.run_id AND b.state <> 'done' AND b.kind = 'delete' AND i.outcome = 'pending') AS remaining,
    (SELECT count(*) FROM batch b WHERE b.run_id = r.run_id AND b.state = 'done' AND b.kind = 'write')
    + r.deleted AS done,
    CAST(extract(epoch FROM clock_timestamp() - r.writing_at) AS float8) AS elapsed_s,
    s.in_use, s.allowed, s.window_s, p.rate_requests, CAST(p.rate_window_s AS float8) AS rate_window_s,
    CAST(greatest(extract(epoch FROM s.blocked_until - clock_timestamp()),
                  CASE WHEN s.in_use >= s.allowed THEN s.free_s END, 0) AS float8) AS wait_s
FROM run r JOIN partner p USING (partner_id)
LEFT JOIN LATERAL (
    SELECT u.in_use, u.window_s, u.blocked_until, u.effective - u.reserve AS allowed,
        (SELECT rate_wait(t, clock_timestamp(), u.in_use - (u.effective - u.reserve))
         FROM rate_tenant t WHERE t.tenant = u.tenant) AS free_s
    FROM rate_standing u WHERE u.tenant = halo_of(r.tenant)
) AS s ON true
WHERE r.run_id = :run_id;

-- name: undone_by$
SELECT undone_by(:run_id);
