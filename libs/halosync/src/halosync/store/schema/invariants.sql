-- What always holds (spec section 5 and 15), as a view of what does not: it is empty, or something is broken. It looks
-- at runs that go on and at those that have ended in the last quarter of an hour, three times as long as the planners'
-- pause between two looks: every run is looked at, and no run for days. Of their items it reads a quarter of a million at
-- most: on the day of the invoices there are millions, so then it takes some runs by chance, others at every look.
DROP VIEW IF EXISTS broken_invariant;
CREATE VIEW broken_invariant AS
WITH late AS (
    SELECT * FROM run
    WHERE purged_at IS NULL
      AND (state IN ('queued', 'reading', 'planning', 'writing') OR finished_at > now() - interval '15 minutes')
),
drawn AS MATERIALIZED (
    SELECT * FROM (SELECT late.*, sum(total) OVER (ORDER BY chance, run_id) - total AS items_before
                   FROM (SELECT late.*, random() AS chance FROM late) AS late) AS run
    WHERE items_before < 250000
),
counted AS (
    SELECT r.run_id,
        count(*) FILTER (WHERE i.outcome = 'synced') AS synced,
        count(*) FILTER (WHERE i.outcome = 'skipped') AS skipped,
        count(*) FILTER (WHERE i.outcome = 'held') AS held,
        count(*) FILTER (WHERE i.outcome = 'failed') AS failed,
        count(*) FILTER (WHERE i.outcome = 'pending') AS pending
    FROM drawn r JOIN item i USING (run_id) GROUP BY r.run_id
)
-- A transaction that changes items changes the counters too, so both are seen together. Lines without a licence are
-- counted as skipped and have no item.
SELECT 'counters_equal_rows' AS invariant, r.partner_id, r.run_id::text AS subject,
    format('the run says %s synced, %s held, %s failed, %s pending; its items are %s, %s, %s, %s',
           r.synced, r.held, r.failed, r.pending, c.synced, c.held, c.failed, c.pending) AS detail
FROM drawn r JOIN counted c USING (run_id)
WHERE (r.synced, r.held, r.failed, r.pending) IS DISTINCT FROM (c.synced, c.held, c.failed, c.pending)
   OR r.skipped < c.skipped
UNION ALL
SELECT 'ended_runs_have_nothing_pending', partner_id, run_id::text, format('it is %s, and %s are pending', state, pending)
FROM late WHERE state NOT IN ('queued', 'reading', 'planning', 'writing', 'previewed') AND pending > 0
UNION ALL
SELECT 'succeeded_is_true_of_every_item', partner_id, run_id::text, format('%s failed, %s are held', failed, held)
FROM late WHERE state = 'succeeded' AND (failed > 0 OR held > 0)
UNION ALL
SELECT 'every_action_has_an_owner', r.partner_id, i.item_id::text, format('%s in a run that is %s', i.action_state, r.state)
FROM drawn r JOIN item i USING (run_id) LEFT JOIN batch b ON b.batch_id = i.batch_id
WHERE i.outcome = 'pending' AND r.state <> 'previewed' AND (r.state <> 'writing' OR b.batch_id IS NULL OR b.state = 'done')
UNION ALL
SELECT 'no_licence_twice', r.partner_id, i.halo_licence_id::text,
    format('%s actions of run %s have created it', count(*), r.run_id)
FROM drawn r JOIN item i USING (run_id)
WHERE i.action = 'create' AND i.action_state = 'applied' AND i.halo_licence_id IS NOT NULL
GROUP BY r.partner_id, r.run_id, i.halo_licence_id HAVING count(*) > 1
UNION ALL
SELECT 'no_permit_beyond_the_window', NULL, tenant, format('%s permits of %s', sum(permits), max(requests))
FROM rate_lease WHERE free_at > clock_timestamp()
GROUP BY tenant HAVING sum(permits) > max(requests);
