-- name: review_counts
-- How many items of a run wait for the first review, by what is done to their licence.
SELECT action, count(*) AS items FROM item
WHERE run_id = :run_id AND outcome = 'held' AND reason = 'first_review' GROUP BY action;

-- name: review_costs
-- What the licences that wait sell for, before and after, by billing cycle. Inactive ones bill nothing.
SELECT action, mode() WITHIN GROUP (ORDER BY cycle) AS billing_cycle,
    round(coalesce(sum(before), 0), 2) AS before, round(coalesce(sum(after), 0), 2) AS after
FROM item i CROSS JOIN LATERAL (VALUES
    (i.before_billing_cycle, CASE WHEN i.before_active THEN i.before_quantity * i.before_price END, CAST(NULL AS numeric)),
    (i.after_billing_cycle, NULL, CASE WHEN i.after_active THEN i.after_quantity * i.after_price END)
) AS amount (cycle, before, after)
WHERE i.run_id = :run_id AND i.outcome = 'held' AND i.reason = 'first_review'
  AND (amount.before IS NOT NULL OR amount.after IS NOT NULL)
GROUP BY action, billing_cycle_key(cycle) ORDER BY action, billing_cycle_key(cycle);

-- name: review_examples
-- Those that would change most, in money.
SELECT v.* FROM item_view v
WHERE v.run_id = :run_id AND v.outcome = 'held' AND v.reason = 'first_review' AND v.action = :action
ORDER BY abs(coalesce(v.before_quantity * v.before_price, 0) - coalesce(v.after_quantity * v.after_price, 0)) DESC, v.seq
LIMIT :most;

-- name: review_outlooks$
SELECT review FROM run WHERE run_id = :run_id;
