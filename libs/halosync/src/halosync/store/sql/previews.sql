-- name: preview_counts
-- How many items of a run stand where, of one customer or of all.
SELECT action, outcome, item_waits(reason) AS waits, count(*) AS items FROM item
WHERE run_id = :run_id
  AND (CAST(:customer AS text) IS NULL
       OR item_customer(halo_client_id, customer_ids) = :customer)
GROUP BY action, outcome, waits;

-- name: preview_money
-- What the licences that change, or are held, cost before and after, by what is done to them and by billing cycle. Not
-- rounded: that comes last, once for a billing cycle, or the parts would not add up to it. By the index item_outcome: in
-- most months most licences stay as they are.
SELECT action, outcome, waits, billing_cycle, coalesce(sum(before), 0) AS before, coalesce(sum(after), 0) AS after
FROM item_money WHERE run_id = :run_id AND outcome IN ('pending', 'held')
GROUP BY action, outcome, waits, billing_cycle ORDER BY billing_cycle, action, outcome;

-- name: preview_customers
-- A page of customers, sorted by a number, by name, or by how much what they cost changes, all billing cycles together;
-- unsorted those first that lose licences, then those that change.
-- Those that are equal stand by name. One pass over the run's items.
SELECT customer, max(customer_name) AS customer_name, max(halo_client_id) AS halo_client_id, count(*) OVER () AS customers,
    sum(created) AS created, sum(updated) AS updated, sum(removed) AS removed, sum(held) AS held, sum(review) AS review, sum(edited) AS edited,
    sum(unchanged) AS unchanged, sum(skipped) AS skipped, sum(failed) AS failed
FROM (
    SELECT item_customer(halo_client_id, customer_ids) AS customer, customer_name,
        halo_client_id,
        CAST(outcome = 'pending' AND action = 'create' AS integer) AS created,
        CAST(outcome = 'pending' AND action = 'update' AS integer) AS updated,
        CAST(outcome = 'pending' AND action = 'delete' AS integer) AS removed,
        CAST(outcome = 'held' AND item_waits(reason) = '' AS integer) AS held,
        CAST(outcome = 'held' AND item_waits(reason) = 'first_review' AS integer) AS review,
        CAST(outcome = 'held' AND item_waits(reason) = 'edited_in_halo' AS integer) AS edited,
        CAST(outcome = 'synced' AS integer) AS unchanged,
        CAST(outcome = 'skipped' AS integer) AS skipped,
        CAST(outcome = 'failed' AS integer) AS failed
    FROM item WHERE run_id = :run_id
) AS one
LEFT JOIN (
    SELECT customer, abs(sum(coalesce(after, 0) - coalesce(before, 0))) AS change FROM item_money
    WHERE run_id = :run_id AND CAST(:sort AS text) = 'cost' GROUP BY customer
) AS money USING (customer)
GROUP BY customer
ORDER BY
    CASE WHEN CAST(:sort AS text) = '' THEN sum(removed + held + review + edited) > 0 END DESC,
    CASE WHEN CAST(:sort AS text) = '' THEN sum(created + updated) > 0 END DESC,
    CASE :sort WHEN 'created' THEN sum(created) WHEN 'updated' THEN sum(updated) WHEN 'removed' THEN sum(removed)
        WHEN 'held' THEN sum(held + review + edited) WHEN 'unchanged' THEN sum(unchanged)
        WHEN 'cost' THEN coalesce(max(money.change), 0)
    END * CASE WHEN :down THEN -1 ELSE 1 END,
    CASE WHEN CAST(:sort AS text) = 'name' AND :down THEN natural_order(max(customer_name)) COLLATE "C" END DESC,
    natural_order(max(customer_name)) COLLATE "C", customer
LIMIT :most OFFSET :skip;

-- name: preview_customer_money
-- What the licences of some customers cost before and after, by billing cycle, each rounded once as in `run_money_now`.
SELECT customer, min(billing_cycle) AS billing_cycle,
    round(coalesce(sum(before), 0), 2) AS before, round(coalesce(sum(after), 0), 2) AS after
FROM item_money WHERE run_id = :run_id AND customer = ANY(:customers)
GROUP BY customer, billing_cycle_key(billing_cycle) ORDER BY customer, billing_cycle_key(billing_cycle);

-- name: preview_items
-- A page of the items with one of some pairs of action and outcome, in the plan's order: customer by customer.
SELECT * FROM item_view
WHERE run_id = :run_id
  AND (action, outcome, item_waits(reason)) IN (SELECT * FROM unnest(
      CAST(:actions AS text[]), CAST(:outcomes AS text[]), CAST(:waits AS text[])))
  AND (CAST(:customer AS text) IS NULL OR item_customer(halo_client_id, customer_ids) = :customer)
ORDER BY seq LIMIT :most OFFSET :skip;
