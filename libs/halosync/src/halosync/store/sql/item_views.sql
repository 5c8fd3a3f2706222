-- name: item_views
-- A page of items in the plan's order, by the unique key of run and seq: those behind a seq, or behind `skip` others that
-- fit. Items are never added to a plan, so a page by number moves only where a filter on the outcome meets a run that
-- goes on. A NULL filter filters nothing. :upto bounds the seqs that are read: without statistics of a plan that was stored
-- just now, Postgres sorts all that are behind :seq, for each page of a file.
SELECT * FROM item_view
WHERE run_id = :run_id AND seq > :seq AND seq <= :upto
  AND (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
  AND (CAST(:action AS text) IS NULL OR action = :action)
  AND (CAST(:pattern AS text) IS NULL
       OR item_text(customer_name, product_code, licence_name, customer_ids, reason, detail) LIKE lower(:pattern))
ORDER BY seq LIMIT :most OFFSET :skip;

-- name: unfinished_reasons
-- Why items of a run failed or are held, the most frequent reason first; by the index item_outcome.
SELECT outcome, reason, count(*) AS items FROM item WHERE run_id = :run_id AND outcome IN ('failed', 'held')
GROUP BY outcome, reason ORDER BY items DESC, reason;

-- name: item_counts
-- What the filters would show: one pass over the run's items.
SELECT outcome, action, count(*) AS items FROM item_view
WHERE run_id = :run_id
  AND (CAST(:pattern AS text) IS NULL
       OR item_text(customer_name, product_code, licence_name, customer_ids, reason, detail) LIKE lower(:pattern))
GROUP BY outcome, action;

-- name: sorted_items
-- A page of items sorted within their customers, each customer standing where the first of its items would: so the rows
-- of a customer stay together; unless they are not :grouped. One pass over the run's items sorts numbers and words; the details are read for the page
-- alone. What has no value stands last. NULL filters filter nothing; :actions, :outcomes and :waits are pairs that go
-- together.
WITH fitting AS (
    SELECT item_id, seq, item_customer(halo_client_id, customer_ids) AS customer,
        natural_order(CASE :sort WHEN 'product' THEN coalesce(product_code, licence_name)
            WHEN 'customer' THEN customer_name
            WHEN 'cycle' THEN coalesce(after_billing_cycle, before_billing_cycle) END) COLLATE "C" AS word,
        CASE :sort WHEN 'quantity' THEN coalesce(after_quantity, before_quantity)
            WHEN 'price' THEN coalesce(after_price, before_price)
            WHEN 'cost' THEN before_quantity * before_price
            WHEN 'action' THEN array_position(ARRAY['delete', 'create', 'update', 'unchanged', 'none'], action)
            WHEN 'outcome' THEN array_position(ARRAY['failed', 'held', 'skipped', 'pending', 'synced'], outcome)
        END * CASE WHEN :down THEN -1 ELSE 1 END AS number
    FROM item
    WHERE run_id = :run_id
      AND (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
      AND (CAST(:action AS text) IS NULL OR action = :action)
      AND (CAST(:actions AS text[]) IS NULL OR (action, outcome, item_waits(reason)) IN (SELECT * FROM unnest(
          CAST(:actions AS text[]), CAST(:outcomes AS text[]), CAST(:waits AS text[]))))
      AND (CAST(:customer AS text) IS NULL OR item_customer(halo_client_id, customer_ids) = :customer)
      AND (CAST(:pattern AS text) IS NULL
           OR item_text(customer_name, product_code, licence_name, customer_ids, reason, detail) LIKE lower(:pattern))
), placed AS (
    SELECT item_id, row_number() OVER (
        ORDER BY first_number, CASE WHEN NOT :down THEN first_word END, CASE WHEN :down THEN last_word END DESC NULLS LAST,
            first_seq, number, CASE WHEN NOT :down THEN word END, CASE WHEN :down THEN word END DESC NULLS LAST, seq
    ) AS place
    FROM (
        SELECT *, min(number) OVER of_customer AS first_number, min(word) OVER of_customer AS first_word,
            max(word) OVER of_customer AS last_word, min(seq) OVER of_customer AS first_seq
        FROM fitting WINDOW of_customer AS (PARTITION BY customer, CASE WHEN NOT :grouped THEN item_id END)
    ) AS by_customer
    ORDER BY place LIMIT :most OFFSET :skip
)
SELECT shown.* FROM placed
CROSS JOIN LATERAL (SELECT * FROM item_view WHERE item_view.item_id = placed.item_id LIMIT 1) AS shown
ORDER BY place;
