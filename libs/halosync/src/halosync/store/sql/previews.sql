-- name: preview_counts
-- How many items of a run stand where, of one customer or of all. A customer is known by its client in Halo, or by its
-- own id where it has none; a clean-up belongs to its client.
SELECT action, outcome, count(*) AS items FROM item
WHERE run_id = :run_id
  AND (CAST(:customer AS text) IS NULL
       OR coalesce('halo-' || halo_client_id, 'customer-' || customer_ids[1], '') = :customer)
GROUP BY action, outcome;

-- name: preview_money
-- What the licences that change, or are held, cost before and after, by what is done to them and by billing cycle: as
-- `run_money_now`, which adds up all of a run and is kept with it. Not rounded: that comes last, once for a billing
-- cycle, or the parts would not add up to it. What is held costs after it what it cost before. By the index
-- item_outcome: in most months most licences stay as they are.
SELECT i.action, i.outcome, amount.billing_cycle, coalesce(sum(amount.before), 0) AS before,
    coalesce(sum(amount.after), 0) AS after
FROM item i CROSS JOIN LATERAL (VALUES
    (i.before_billing_cycle,
     CASE WHEN i.before_active THEN i.before_quantity * i.before_price END,
     CASE WHEN i.before_active AND i.outcome = 'held' THEN i.before_quantity * i.before_price END),
    (i.after_billing_cycle,
     CAST(NULL AS numeric),
     CASE WHEN i.after_active AND i.outcome = 'pending' THEN i.after_quantity * i.after_price END)
) AS amount (billing_cycle, before, after)
WHERE i.run_id = :run_id AND i.outcome IN ('pending', 'held')
  AND (amount.before IS NOT NULL OR amount.after IS NOT NULL)
GROUP BY i.action, i.outcome, amount.billing_cycle
ORDER BY amount.billing_cycle, i.action, i.outcome;

-- name: preview_customers
-- A page of customers, those first that lose licences, then those that change, by name. One pass over the run's items.
SELECT customer, max(customer_name) AS customer_name, max(halo_client_id) AS halo_client_id, count(*) OVER () AS customers,
    sum(created) AS created, sum(updated) AS updated, sum(removed) AS removed, sum(held) AS held,
    sum(unchanged) AS unchanged, sum(skipped) AS skipped, sum(failed) AS failed
FROM (
    SELECT coalesce('halo-' || halo_client_id, 'customer-' || customer_ids[1], '') AS customer, customer_name,
        halo_client_id,
        CAST(outcome = 'pending' AND action = 'create' AS integer) AS created,
        CAST(outcome = 'pending' AND action = 'update' AS integer) AS updated,
        CAST(outcome = 'pending' AND action = 'delete' AS integer) AS removed,
        CAST(outcome = 'held' AS integer) AS held,
        CAST(outcome = 'synced' AS integer) AS unchanged,
        CAST(outcome = 'skipped' AS integer) AS skipped,
        CAST(outcome = 'failed' AS integer) AS failed
    FROM item WHERE run_id = :run_id
) AS one
GROUP BY customer
ORDER BY (sum(removed + held) > 0) DESC, (sum(created + updated) > 0) DESC, max(customer_name), customer
LIMIT :most OFFSET :skip;

-- name: preview_customer_money
-- What the licences of some customers cost before and after, by billing cycle, each rounded once as in `run_money_now`.
SELECT i.customer, amount.billing_cycle, round(coalesce(sum(amount.before), 0), 2) AS before,
    round(coalesce(sum(amount.after), 0), 2) AS after
FROM (
    SELECT *, coalesce('halo-' || halo_client_id, 'customer-' || customer_ids[1], '') AS customer
    FROM item WHERE run_id = :run_id
) AS i CROSS JOIN LATERAL (VALUES
    (i.before_billing_cycle,
     CASE WHEN i.before_active THEN i.before_quantity * i.before_price END,
     CASE WHEN i.before_active AND i.outcome IN ('held', 'failed', 'skipped') THEN i.before_quantity * i.before_price END),
    (i.after_billing_cycle,
     CAST(NULL AS numeric),
     CASE WHEN i.after_active AND i.outcome IN ('synced', 'pending') THEN i.after_quantity * i.after_price END)
) AS amount (billing_cycle, before, after)
WHERE i.customer = ANY(:customers) AND (amount.before IS NOT NULL OR amount.after IS NOT NULL)
GROUP BY i.customer, amount.billing_cycle
ORDER BY i.customer, amount.billing_cycle;

-- name: preview_items
-- A page of the items with one of some pairs of action and outcome, in the plan's order: customer by customer.
SELECT item_id, seq, customer_ids, customer_name, halo_client_id, product_code, licence_name, halo_licence_id,
    action, outcome, reason, detail, before_quantity, before_price, before_billing_cycle, before_active,
    after_quantity, after_price, after_billing_cycle, after_active, attempts
FROM item
WHERE run_id = :run_id
  AND (action, outcome) IN (SELECT * FROM unnest(CAST(:actions AS text[]), CAST(:outcomes AS text[])))
  AND (CAST(:customer AS text) IS NULL
       OR coalesce('halo-' || halo_client_id, 'customer-' || customer_ids[1], '') = :customer)
ORDER BY seq LIMIT :most OFFSET :skip;
