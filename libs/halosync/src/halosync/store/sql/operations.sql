-- name: figures^
-- How everything stands, for operators and their alarms. Each count is of rows that an index finds, or that are few.
SELECT
    (SELECT count(*) FROM partner) AS partners,
    (SELECT count(*) FROM partner WHERE paused_at IS NOT NULL) AS paused,
    (SELECT count(*) FROM connection WHERE state = 'connected') AS connected,
    (SELECT count(*) FROM connection WHERE state = 'broken') AS broken,
    (SELECT count(*) FROM run WHERE state IN ('queued', 'reading', 'planning', 'writing')) AS open_runs,
    (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 FROM run
     WHERE state IN ('queued', 'reading', 'planning', 'writing')) AS oldest_open_run_s,
    (SELECT count(*) FROM batch WHERE state = 'issued') AS issued_batches,
    (SELECT count(*) FROM batch WHERE state = 'planned') AS planned_batches,
    (SELECT coalesce(sum(held), 0) FROM (
        SELECT newest.held FROM partner p CROSS JOIN LATERAL (
            SELECT held FROM run r WHERE r.partner_id = p.partner_id AND r.mode = 'apply'
            ORDER BY r.created_at DESC, r.run_id LIMIT 1
        ) AS newest
    ) AS of_each) AS items_held,
    (SELECT count(*) FROM outbox) AS outbox,
    (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 FROM outbox) AS oldest_outbox_s,
    (SELECT count(*) FROM dead_letter WHERE state = 'kept') AS dead_letters;

-- name: stuck_runs
-- Runs that go on and that nobody has worked on for a while: neither claimed nor due to be asked for again.
SELECT run_id, partner_id, state, created_at FROM run
WHERE state IN ('queued', 'reading', 'planning') AND redeliver_at < clock_timestamp() - make_interval(secs => :late_s)
UNION ALL
SELECT run_id, partner_id, state, created_at FROM run r
WHERE state = 'writing' AND NOT EXISTS (SELECT FROM batch b WHERE b.run_id = r.run_id AND b.state <> 'done')
   OR state = 'writing' AND EXISTS (SELECT FROM batch b WHERE b.run_id = r.run_id AND b.state = 'issued'
                                    AND b.redeliver_at < clock_timestamp() - make_interval(secs => :late_s))
ORDER BY created_at;

-- name: look_alone$
SELECT pg_try_advisory_xact_lock(hashtextextended('look at the invariants', 0));

-- name: broken_invariants
-- What always holds (spec section 5 and 15), and does not.
SELECT invariant, partner_id, subject, detail FROM broken_invariant ORDER BY invariant, subject LIMIT :most;

-- name: months_that_do_not_add_up
-- One month at a look, by chance, of a run that has ended lately and is not large: a month is summed from all its lines.
SELECT 'months_add_up' AS invariant, chosen.partner_id, chosen.period AS subject,
    format('%s billed, %s in Halo, and no reason', sum(m.billed), sum(m.in_halo)) AS detail
FROM (SELECT r.partner_id, i.period FROM run r JOIN invoice i USING (invoice_pk)
      WHERE r.finished_at > now() - interval '15 minutes' AND r.mode = 'apply' AND r.total BETWEEN 1 AND 20000
      ORDER BY random() LIMIT 1) AS chosen
CROSS JOIN LATERAL month_rows(chosen.partner_id, chosen.period) AS m
WHERE m.reason IS NULL
GROUP BY chosen.partner_id, chosen.period, m.cycle_key HAVING sum(m.billed) <> sum(m.in_halo);

-- name: database_clock$
SELECT clock_timestamp();

-- name: licences_to_audit
-- What is known of a partner's licences, without those that halosync removed.
SELECT l.halo_licence_id, l.halo_client_id, l.name, l.quantity, l.price, l.purchase_price, l.billing_cycle, l.is_active,
    l.owned, l.wrote_name, l.wrote_quantity, l.wrote_price, l.wrote_billing_cycle, l.wrote_active, l.wrote_price_field
FROM halo_licence l WHERE l.partner_id = :partner_id AND l.removed_at IS NULL ORDER BY l.halo_licence_id;

-- name: snapshot_read_at$
SELECT read_at FROM halo_snapshot WHERE partner_id = :partner_id;
