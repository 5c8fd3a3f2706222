-- The report page of one invoice. What became of its lines comes from item.line_nos, unnested and joined by hash: one
-- pass over the run's items, which takes the same with and without statistics (a big invoice has none right after it
-- was stored). Looking every line's item up by key takes twice as long at 20,000 lines.

-- name: invoice_report_head^
-- One invoice, or the newest; of a named one the revision that counts, or the last if another invoice took its place.
-- Its run is the newest that applied and has a plan: one that is about to read, or could not, says nothing of any line.
-- is_newest: it is the one that a Sync is for. later_end: how a later Sync ended that never had a plan. undone_by: the
-- undo that has put back what the run did.
SELECT i.invoice_pk, i.invoice_id, i.revision, i.period, i.currency, i.line_count, i.total, i.issued_at, i.received_at,
    i.purged_at IS NOT NULL AS is_purged,
    (i.invoice_pk = ANY(invoices_to_sync(:partner_id))) IS TRUE AS is_newest,
    r.run_id, r.line_offset, r.state, r.finished_at, r.total AS items, r.synced, r.skipped, r.held, r.failed, r.pending,
    r.created, r.updated, r.deleted, r.unchanged, undone_by(r.run_id) AS undone_by,
    (SELECT later.state FROM invoice_of_run of JOIN run later USING (run_id)
     WHERE of.invoice_pk = i.invoice_pk AND later.mode = 'apply' AND later.created_at > r.created_at
       AND later.state IN ('failed', 'cancelled')
     ORDER BY later.created_at DESC, later.run_id LIMIT 1) AS later_end
FROM invoice i
LEFT JOIN LATERAL (
    SELECT run.*, of.line_offset FROM invoice_of_run of JOIN run USING (run_id)
    WHERE of.invoice_pk = i.invoice_pk AND run.mode = 'apply' AND run.total > 0
    ORDER BY run.created_at DESC, run.run_id LIMIT 1
) AS r ON true
WHERE i.partner_id = :partner_id
  AND CASE WHEN CAST(:invoice_id AS text) IS NULL THEN i.invoice_pk = newest_invoice(:partner_id)
           ELSE i.invoice_id = :invoice_id END
ORDER BY (i.superseded_by IS NULL) DESC, i.revision DESC, i.invoice_pk DESC LIMIT 1;

-- name: invoice_report_cycles
-- The billing cycles to filter by.
SELECT billing_cycle FROM invoice_line WHERE invoice_pk = :invoice_pk GROUP BY billing_cycle ORDER BY billing_cycle;

-- name: invoice_report_cleanups
-- Items that answer for no line: licences that no product of the invoice has.
SELECT outcome, count(*) AS items FROM standing_item
WHERE run_id = :run_id AND line_nos = '{}' GROUP BY outcome;

-- name: invoice_report_places
-- Who is on a page of the lines that fit, in the page's order, with the numbers of the lines; counted are all lines of
-- the customer. Customers stand where the first of their lines that fit would stand. One more row, whose customer_id is
-- null, counts all lines of the invoice, whether or not any fits. Only numbers and counts leave the database, so that
-- the details are read for one page and not for the invoice. :skips_needing_attention are the reasons for which a
-- skipped line needs attention, as every held and failed one does.
WITH line AS MATERIALIZED (
    SELECT l.line_no, l.customer_id, l.customer_name, o.outcome, a.needs_attention,
        ((CAST(:outcome AS text) IS NULL OR o.outcome = :outcome)
         AND (a.needs_attention OR NOT CAST(:needing_attention AS boolean))
         AND (CAST(:kind AS text) IS NULL OR l.kind = :kind)
         AND (CAST(:customer_id AS text) IS NULL OR l.customer_id = :customer_id)
         AND (CAST(:billing_cycle AS text) IS NULL OR l.billing_cycle = :billing_cycle)
         AND (CAST(:pattern AS text) IS NULL
              OR line_text(l.customer_name, l.product_code, l.product_name, l.customer_id, l.line_id)
                 LIKE lower(:pattern)
              OR CASE WHEN l.kind = 'recurring' THEN i.told
                      ELSE o.reason LIKE lower(:pattern) OR o.reason = ANY(CAST(:told AS text[])) END)) IS TRUE AS fits,
        CASE :sort WHEN 'product' THEN natural_order(l.product_code) WHEN 'cycle' THEN natural_order(l.billing_cycle)
        END COLLATE "C" AS word,
        CASE :sort WHEN 'quantity' THEN l.quantity WHEN 'unit_price' THEN l.unit_price
            WHEN 'total' THEN round(l.quantity * l.unit_price, 2)
            WHEN 'status' THEN CASE o.outcome WHEN 'failed' THEN 1 WHEN 'held' THEN 2 WHEN 'pending' THEN 4
                WHEN 'skipped' THEN CASE WHEN a.needs_attention THEN 3 ELSE 5 END WHEN 'synced' THEN 6 ELSE 7 END
            ELSE 0
        END * CASE WHEN :down THEN -1 ELSE 1 END AS number
    FROM invoice_line l
    LEFT JOIN (
        SELECT unnest(line_nos) - :line_offset AS line_no, outcome, reason,
            CASE WHEN CAST(:pattern AS text) IS NOT NULL
                THEN lower(concat_ws(chr(10), reason, detail)) LIKE lower(:pattern)
                     OR undone = ANY(CAST(:told AS text[])) END AS told
        FROM standing_item WHERE run_id = :run_id
    ) AS i USING (line_no)
    CROSS JOIN LATERAL (
        SELECT line_outcome(l.kind, :run_id, i.outcome) AS outcome, line_reason(l.kind, :run_id, i.reason) AS reason
    ) AS o
    CROSS JOIN LATERAL (
        SELECT (o.outcome IN ('failed', 'held')
                OR o.outcome = 'skipped' AND o.reason = ANY(CAST(:skips_needing_attention AS text[]))
               ) IS TRUE AS needs_attention
    ) AS a
    WHERE l.invoice_pk = :invoice_pk
), customer AS (
    SELECT customer_id, min(customer_name) AS customer_name, natural_order(min(customer_name)) COLLATE "C" AS called, count(*) AS lines, count(*) FILTER (WHERE fits) AS fitting,
        count(*) FILTER (WHERE needs_attention) AS needing_attention,
        count(*) FILTER (WHERE outcome = 'synced') AS synced, count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
        count(*) FILTER (WHERE outcome = 'held') AS held, count(*) FILTER (WHERE outcome = 'failed') AS failed,
        count(*) FILTER (WHERE outcome = 'pending') AS pending,
        min(number) FILTER (WHERE fits) AS number,
        CASE WHEN :down THEN max(word) FILTER (WHERE fits) ELSE min(word) FILTER (WHERE fits) END AS word
    FROM line GROUP BY customer_id
), placed AS (
    SELECT customer.*, CAST(sum(fitting) OVER (
        ORDER BY number, CASE WHEN NOT :down THEN word END, CASE WHEN :down THEN word END DESC,
            CASE WHEN :sort = 'customer' AND :down THEN called END DESC, called, customer_id
    ) - fitting AS integer) AS before
    FROM customer WHERE fitting > 0
), shown AS (
    SELECT p.customer_id, (array_agg(line.line_no ORDER BY line.number, CASE WHEN NOT :down THEN line.word END,
                                                           CASE WHEN :down THEN line.word END DESC, line.line_no)
        )[greatest(:first - p.before, 0) + 1 : :first + :most - p.before] AS line_nos
    FROM placed p JOIN line USING (customer_id)
    WHERE line.fits AND p.before < :first + :most AND p.before + p.fitting > :first
    GROUP BY p.customer_id, p.before
)
SELECT p.customer_id, p.customer_name, p.lines, p.fitting, p.needing_attention,
    p.synced, p.skipped, p.held, p.failed, p.pending, s.line_nos, p.before
FROM shown s JOIN placed p USING (customer_id)
UNION ALL
SELECT NULL, NULL, CAST(coalesce(sum(lines), 0) AS bigint), CAST(coalesce(sum(fitting), 0) AS bigint),
    CAST(coalesce(sum(needing_attention), 0) AS bigint), CAST(coalesce(sum(synced), 0) AS bigint),
    CAST(coalesce(sum(skipped), 0) AS bigint), CAST(coalesce(sum(held), 0) AS bigint),
    CAST(coalesce(sum(failed), 0) AS bigint), CAST(coalesce(sum(pending), 0) AS bigint), NULL, NULL
FROM customer
ORDER BY before NULLS FIRST;

-- name: invoice_report_money
-- What customers are billed, each line rounded to cents: per billing cycle, and apart from that, with a billing_cycle of
-- null, what does not recur. Cycles are never mixed, and a credit does not make a month cheaper.
SELECT customer_id, CASE WHEN kind = 'recurring' THEN billing_cycle END AS billing_cycle,
    sum(round(quantity * unit_price, 2)) AS amount
FROM invoice_line
WHERE invoice_pk = :invoice_pk AND customer_id = ANY(CAST(:customer_ids AS text[]))
GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST;
