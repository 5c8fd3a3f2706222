-- name: line_views
-- A page of lines in the invoice's order: a walk along the primary key that looks up each line's item by key until the
-- page is full. OFFSET 0 keeps it a walk, as the LIMIT of line_item does. :upto bounds the numbers that are read: without
-- statistics of an invoice that came just now, Postgres sorts all that are behind :line_no, for each page of a file.
SELECT l.*, i.*
FROM (
    SELECT * FROM invoice_line
    WHERE invoice_pk = :invoice_pk AND line_no > :line_no AND line_no <= :upto
      AND (CAST(:customer_id AS text) IS NULL OR customer_id = :customer_id)
    ORDER BY line_no OFFSET 0
) AS l
LEFT JOIN LATERAL line_item(:run_id, l.line_no + :line_offset) AS i ON true
WHERE (CAST(:outcome AS text) IS NULL OR line_outcome(l.kind, :run_id, i.outcome) = :outcome)
  AND line_fits(
      :pattern, :told, line_text(l.customer_name, l.product_code, l.product_name, l.customer_id, l.line_id),
      l.kind, :run_id, i.reason, i.detail, i.undone)
ORDER BY l.line_no LIMIT :most;

-- name: line_numbers
-- Up to a bound, the lines whose items have an outcome, or a reason with a text: few among 100,000, found by index.
-- One index of items by outcome, and one of what was undone, which has another outcome by now: no item twice.
SELECT unnest(line_nos) - :line_offset AS line_no FROM (
    SELECT line_nos, reason, detail, undone FROM item
    WHERE run_id = :run_id AND outcome = ANY(:outcomes) AND undone IS NULL
    UNION ALL
    SELECT line_nos, reason, detail, undone FROM standing_item
    WHERE run_id = :run_id AND undone IS NOT NULL AND outcome = ANY(:outcomes)
) AS standing
WHERE CAST(:pattern AS text) IS NULL OR lower(concat_ws(chr(10), reason, detail)) LIKE lower(:pattern)
   OR undone = ANY(CAST(:told AS text[]))
LIMIT :most;

-- name: line_views_among
-- The same page when few items fit: from their lines, from the lines that have the text in a name or code, and from
-- those that are not recurring if they fit, which have an index of their own. No line's item is looked up in vain.
SELECT l.*, i.*
FROM (
    SELECT unnest(CAST(:numbers AS integer[])) AS line_no
    UNION
    SELECT line_no FROM invoice_line
    WHERE invoice_pk = :invoice_pk AND kind <> 'recurring'
      AND CASE WHEN CAST(:outcome AS text) IS NULL THEN 'not_recurring' LIKE lower(:pattern) OR 'not_recurring' = ANY(CAST(:told AS text[]))
               ELSE CAST(:outcome AS text) = 'skipped' END
    UNION
    (SELECT line_no FROM invoice_line
     WHERE invoice_pk = :invoice_pk AND line_no > :line_no AND CAST(:outcome AS text) IS NULL
       AND (CAST(:customer_id AS text) IS NULL OR customer_id = :customer_id)
       AND line_text(customer_name, product_code, product_name, customer_id, line_id)
           LIKE lower(:pattern)
     ORDER BY line_no LIMIT :most)
) AS hit
JOIN invoice_line l ON l.invoice_pk = :invoice_pk AND l.line_no = hit.line_no
LEFT JOIN LATERAL line_item(:run_id, l.line_no + :line_offset) AS i ON true
WHERE l.line_no > :line_no
  AND (CAST(:outcome AS text) IS NULL OR line_outcome(l.kind, :run_id, i.outcome) = :outcome)
  AND (CAST(:customer_id AS text) IS NULL OR l.customer_id = :customer_id)
  AND line_fits(
      :pattern, :told, line_text(l.customer_name, l.product_code, l.product_name, l.customer_id, l.line_id),
      l.kind, :run_id, i.reason, i.detail, i.undone)
ORDER BY l.line_no LIMIT :most;

-- name: line_views_of
-- The lines of these numbers with their items, looked up by key, in the order of the numbers.
SELECT l.*, i.*
FROM unnest(CAST(:line_nos AS integer[])) WITH ORDINALITY AS wanted (line_no, place)
JOIN invoice_line l ON l.invoice_pk = :invoice_pk AND l.line_no = wanted.line_no
LEFT JOIN LATERAL line_item(:run_id, l.line_no + :line_offset) AS i ON true
ORDER BY wanted.place;
