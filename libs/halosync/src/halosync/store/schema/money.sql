-- What the licences of a run cost, kept in run_money when the run ends.

-- Per billing cycle, before and after the run. What a run leaves alone (held, failed, skipped) keeps its amount from
-- before. An inactive licence bills nothing; an unset quantity or price neither.
CREATE OR REPLACE FUNCTION run_money_now(p_run_id uuid)
RETURNS TABLE (billing_cycle text, before numeric, after numeric) LANGUAGE sql STABLE AS $$
    SELECT amount.billing_cycle, round(coalesce(sum(amount.before), 0), 2), round(coalesce(sum(amount.after), 0), 2)
    FROM item CROSS JOIN LATERAL (VALUES
        (before_billing_cycle,
         CASE WHEN before_active THEN before_quantity * before_price END,
         CASE WHEN before_active AND outcome IN ('held', 'failed', 'skipped') THEN before_quantity * before_price END),
        (after_billing_cycle,
         CAST(NULL AS numeric),
         CASE WHEN after_active AND outcome IN ('synced', 'pending') THEN after_quantity * after_price END)
    ) AS amount (billing_cycle, before, after)
    WHERE item.run_id = p_run_id AND (amount.before IS NOT NULL OR amount.after IS NOT NULL)
    GROUP BY amount.billing_cycle
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

