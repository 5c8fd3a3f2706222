-- name: item_views
-- A page of items in the plan's order, by the unique key of run and seq: those behind a seq, or behind `skip` others that
-- fit. Items are never added to a plan, so a page by number moves only where a filter on the outcome meets a run that
-- goes on. A NULL filter filters nothing.
SELECT * FROM item_view
WHERE run_id = :run_id AND seq > :seq
  AND (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
  AND (CAST(:action AS text) IS NULL OR action = :action)
  AND (CAST(:pattern AS text) IS NULL
       OR item_text(customer_name, product_code, licence_name, customer_ids, reason, detail) LIKE lower(:pattern))
ORDER BY seq LIMIT :most OFFSET :skip;

-- name: failed_reasons
-- Why items of a run failed, the most frequent reason first; by the index item_outcome.
SELECT reason, count(*) AS items FROM item WHERE run_id = :run_id AND outcome = 'failed'
GROUP BY reason ORDER BY items DESC, reason;

-- name: item_counts
-- What the filters would show: one pass over the run's items.
SELECT outcome, action, count(*) AS items FROM item_view
WHERE run_id = :run_id
  AND (CAST(:pattern AS text) IS NULL
       OR item_text(customer_name, product_code, licence_name, customer_ids, reason, detail) LIKE lower(:pattern))
GROUP BY outcome, action;
