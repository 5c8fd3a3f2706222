-- What the licences of a run cost, kept in run_money when the run ends.

-- What each item's licence costs before and after the run, one row for each billing cycle that it has. What a run leaves
-- alone (held, failed, skipped) keeps its amount from before; of what Halo did not keep as asked, `after` is what it keeps. What an undo finds changed since costs what it costs
-- now: its `before` is how the run left it. An inactive licence bills nothing; an unset quantity or
-- price neither.
DROP VIEW IF EXISTS item_money;
CREATE VIEW item_money AS
SELECT i.run_id, i.action, i.outcome, item_waits(i.reason) AS waits, item_customer(i.halo_client_id, i.customer_ids) AS customer,
    amount.billing_cycle, amount.before, amount.after
FROM item i CROSS JOIN LATERAL (VALUES
    (i.before_billing_cycle,
     CASE WHEN i.before_active AND i.reason IS DISTINCT FROM 'changed_since' THEN i.before_quantity * i.before_price END,
     CASE WHEN i.before_active AND i.outcome IN ('held', 'failed', 'skipped')
               AND i.reason IS DISTINCT FROM 'not_kept' AND i.reason IS DISTINCT FROM 'changed_since'
          THEN i.before_quantity * i.before_price END),
    (i.after_billing_cycle,
     CASE WHEN i.after_active AND i.reason = 'changed_since' THEN i.after_quantity * i.after_price END,
     CASE WHEN i.after_active AND (i.outcome IN ('synced', 'pending') OR i.reason IN ('not_kept', 'changed_since'))
          THEN i.after_quantity * i.after_price END)
) AS amount (billing_cycle, before, after)
WHERE amount.before IS NOT NULL OR amount.after IS NOT NULL;

-- What two billing cycles share that are the same one, as `cycle_key` of the domain: case and space do not matter.
CREATE OR REPLACE FUNCTION billing_cycle_key(cycle text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(btrim(regexp_replace(normalize(coalesce(cycle, ''), NFKC), '\s+', ' ', 'g')))
$$;

-- The sums of a run, each billing cycle rounded once; it is called as most of its rows spell it. Grouped by spelling first,
-- because there are few of them and many rows.
CREATE OR REPLACE FUNCTION run_money_now(p_run_id uuid)
RETURNS TABLE (billing_cycle text, before numeric, after numeric) LANGUAGE sql STABLE AS $$
    SELECT (array_agg(s.billing_cycle ORDER BY s.rows DESC, s.billing_cycle))[1],
        round(coalesce(sum(s.before), 0), 2), round(coalesce(sum(s.after), 0), 2)
    FROM (SELECT m.billing_cycle, count(*) AS rows, sum(m.before) AS before, sum(m.after) AS after
          FROM item_money m WHERE m.run_id = p_run_id GROUP BY m.billing_cycle) AS s
    GROUP BY billing_cycle_key(s.billing_cycle)
$$;

-- The items of a run that has ended never change, so once is enough.
CREATE OR REPLACE FUNCTION run_money_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO run_money (run_id, billing_cycle, before, after)
        SELECT NEW.run_id, m.billing_cycle, m.before, m.after FROM run_money_now(NEW.run_id) AS m;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER run_money_keep AFTER UPDATE OF state ON run FOR EACH ROW
    WHEN (OLD.state IN ('queued', 'reading', 'planning', 'writing')
          AND NEW.state NOT IN ('queued', 'reading', 'planning', 'writing'))
    EXECUTE FUNCTION run_money_keep();

