-- name: report_invoices
-- Newest first, each with its newest run; only those that nothing supersedes, so one entry for each invoice_id.
SELECT i.invoice_pk, i.invoice_id, i.revision, i.period, i.currency, i.line_count, i.total, i.received_at, i.issued_at,
    r.run_id, r.state AS run_state
FROM invoice i
LEFT JOIN LATERAL (
    SELECT run_id, state FROM run WHERE run.invoice_pk = i.invoice_pk ORDER BY created_at DESC, run_id LIMIT 1
) AS r ON true
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL
  AND (CAST(:issued_at AS timestamptz) IS NULL
       OR (i.issued_at, i.invoice_pk) < (CAST(:issued_at AS timestamptz), CAST(:invoice_pk AS bigint)))
ORDER BY i.issued_at DESC, i.invoice_pk DESC LIMIT :most;

-- name: report_invoice^
-- The revision that counts, or the last one if another invoice took its place; and its newest run that applied and has
-- a plan: one that is about to read, or could not, says nothing of any line.
SELECT i.invoice_pk,
    (SELECT run_id FROM run WHERE run.invoice_pk = i.invoice_pk AND mode = 'apply' AND run.total > 0
     ORDER BY created_at DESC, run_id LIMIT 1) AS run_id
FROM invoice i
WHERE i.partner_id = :partner_id AND i.invoice_id = :invoice_id
ORDER BY (i.superseded_by IS NULL) DESC, i.revision DESC LIMIT 1;

-- name: report_lines
-- A page of lines in the invoice's order: a walk along the primary key that looks up each line's item by key until the
-- page is full. OFFSET 0 and LIMIT 1 keep it a walk: right after a big invoice was stored Postgres has no statistics,
-- and plans that join whole tables take seconds.
SELECT
    l.line_no, l.line_id, l.customer_id, l.customer_name, l.product_code, l.product_name, l.kind, l.quantity,
    l.unit_price, l.billing_cycle, i.item_id, i.action, i.outcome, i.reason, i.detail
FROM (
    SELECT * FROM invoice_line
    WHERE invoice_pk = :invoice_pk AND line_no > :line_no
      AND (CAST(:customer_id AS text) IS NULL OR customer_id = :customer_id)
    ORDER BY line_no OFFSET 0
) AS l
LEFT JOIN LATERAL (
    SELECT item.item_id, item.action, item.outcome, item.reason, item.detail
    FROM item_line m JOIN item USING (item_id)
    WHERE m.run_id = :run_id AND m.line_no = l.line_no LIMIT 1
) AS i ON true
WHERE (CAST(:outcome AS text) IS NULL OR line_outcome(l.kind, :run_id, i.outcome) = :outcome)
  AND (CAST(:pattern AS text) IS NULL
       OR lower(concat_ws(chr(10), l.customer_name, l.product_code, l.product_name, l.customer_id, l.line_id))
          LIKE lower(:pattern)
       OR lower(concat_ws(chr(10), line_reason(l.kind, :run_id, i.reason),
                          CASE WHEN l.kind = 'recurring' THEN i.detail END)) LIKE lower(:pattern))
ORDER BY l.line_no LIMIT :most;

-- name: report_numbers
-- Up to a bound, the lines whose items have an outcome, or a reason with a text: few among 100,000, found by index.
SELECT unnest(line_nos) AS line_no FROM item
WHERE run_id = :run_id AND outcome = ANY(:outcomes)
  AND (CAST(:pattern AS text) IS NULL OR lower(concat_ws(chr(10), reason, detail)) LIKE lower(:pattern))
LIMIT :most;

-- name: report_lines_among
-- The same page when few items fit: from their lines, from the lines that have the text in a name or code, and from
-- those that are not recurring if they fit, which have an index of their own. No line's item is looked up in vain.
SELECT
    l.line_no, l.line_id, l.customer_id, l.customer_name, l.product_code, l.product_name, l.kind, l.quantity,
    l.unit_price, l.billing_cycle, i.item_id, i.action, i.outcome, i.reason, i.detail
FROM (
    SELECT unnest(CAST(:numbers AS integer[])) AS line_no
    UNION
    SELECT line_no FROM invoice_line
    WHERE invoice_pk = :invoice_pk AND kind <> 'recurring'
      AND CASE WHEN CAST(:outcome AS text) IS NULL THEN 'not_recurring' LIKE lower(:pattern)
               ELSE CAST(:outcome AS text) = 'skipped' END
    UNION
    (SELECT line_no FROM invoice_line
     WHERE invoice_pk = :invoice_pk AND line_no > :line_no AND CAST(:outcome AS text) IS NULL
       AND (CAST(:customer_id AS text) IS NULL OR customer_id = :customer_id)
       AND lower(concat_ws(chr(10), customer_name, product_code, product_name, customer_id, line_id))
           LIKE lower(:pattern)
     ORDER BY line_no LIMIT :most)
) AS hit
JOIN invoice_line l ON l.invoice_pk = :invoice_pk AND l.line_no = hit.line_no
LEFT JOIN LATERAL (
    SELECT item.item_id, item.action, item.outcome, item.reason, item.detail
    FROM item_line m JOIN item USING (item_id)
    WHERE m.run_id = :run_id AND m.line_no = l.line_no LIMIT 1
) AS i ON true
WHERE l.line_no > :line_no
  AND (CAST(:outcome AS text) IS NULL OR line_outcome(l.kind, :run_id, i.outcome) = :outcome)
  AND (CAST(:customer_id AS text) IS NULL OR l.customer_id = :customer_id)
  AND (CAST(:pattern AS text) IS NULL
       OR lower(concat_ws(chr(10), l.customer_name, l.product_code, l.product_name, l.customer_id, l.line_id))
          LIKE lower(:pattern)
       OR lower(concat_ws(chr(10), line_reason(l.kind, :run_id, i.reason),
                          CASE WHEN l.kind = 'recurring' THEN i.detail END)) LIKE lower(:pattern))
ORDER BY l.line_no LIMIT :most;

-- name: report_runs
-- Newest first.
SELECT r.*, i.invoice_id, i.revision, i.currency
FROM run r JOIN invoice i USING (invoice_pk)
WHERE r.partner_id = :partner_id
  AND (CAST(:created_at AS timestamptz) IS NULL OR r.created_at < CAST(:created_at AS timestamptz)
       OR (r.created_at = CAST(:created_at AS timestamptz) AND r.run_id > CAST(:run_id AS uuid)))
ORDER BY r.created_at DESC, r.run_id LIMIT :most;

-- name: report_run^
-- The partner is part of the question: another partner's run is not found.
SELECT r.*, i.invoice_id, i.revision, i.currency
FROM run r JOIN invoice i USING (invoice_pk)
WHERE r.partner_id = :partner_id AND r.run_id = :run_id;

-- name: report_newest_apply^
-- What the pages show as successful and failed synchronisations.
SELECT synced, failed FROM run WHERE partner_id = :partner_id AND mode = 'apply'
ORDER BY created_at DESC, run_id LIMIT 1;

-- name: report_money
-- Kept when a run ends; added up from its items while it goes on.
SELECT run_id, billing_cycle, before, after FROM run_money WHERE run_id = ANY(:run_ids)
UNION ALL
SELECT r.run_id, m.billing_cycle, m.before, m.after FROM run r CROSS JOIN LATERAL run_money_now(r.run_id) AS m
WHERE r.run_id = ANY(:run_ids) AND r.state IN ('queued', 'reading', 'planning', 'writing')
ORDER BY run_id, billing_cycle;

-- name: report_effort^
-- What is left of a run, how fast it goes, and what its tenant's limiter allows batch work now (all it has learnt
-- counts). A write batch is one request, a delete batch one for each item. wait_s: until a request may be sent, 0 if one
-- may now; of what is in flight it is a guess, as for the limiter itself. NULL columns: the tenant never had a permit.
SELECT
    (SELECT count(*) FROM batch b WHERE b.run_id = r.run_id AND b.state <> 'done' AND b.kind = 'write')
    + (SELECT count(*) FROM batch b JOIN item i USING (batch_id)
       WHERE b.run_id = r.run_id AND b.state <> 'done' AND b.kind = 'delete' AND i.outcome = 'pending') AS remaining,
    (SELECT count(*) FROM batch b WHERE b.run_id = r.run_id AND b.state = 'done' AND b.kind = 'write')
    + r.deleted AS done,
    CAST(extract(epoch FROM clock_timestamp() - r.writing_at) AS float8) AS elapsed_s,
    s.in_use, s.allowed, s.window_s, p.rate_requests, CAST(p.rate_window_s AS float8) AS rate_window_s,
    CAST(greatest(extract(epoch FROM s.blocked_until - clock_timestamp()),
                  CASE WHEN s.in_use >= s.allowed THEN s.free_s END, 0) AS float8) AS wait_s
FROM run r JOIN partner p USING (partner_id)
LEFT JOIN LATERAL (
    SELECT u.in_use, u.window_s, u.blocked_until, u.effective - u.reserve AS allowed,
        (SELECT rate_wait(t, clock_timestamp(), u.in_use - (u.effective - u.reserve))
         FROM rate_tenant t WHERE t.tenant = u.tenant) AS free_s
    FROM rate_standing u WHERE u.tenant = r.tenant
) AS s ON true
WHERE r.run_id = :run_id;

-- name: report_standing^
-- For the live events: read often, so a single row by its key.
SELECT run_id, state, cancel_requested_at, total, synced, skipped, held, failed, pending,
    created, updated, deleted, unchanged
FROM run WHERE partner_id = :partner_id AND run_id = :run_id;

-- name: report_newest_standing^
-- The same of the partner's newest run, for pages that are open: by the index run_newest.
SELECT run_id, state, cancel_requested_at, total, synced, skipped, held, failed, pending,
    created, updated, deleted, unchanged
FROM run WHERE partner_id = :partner_id ORDER BY created_at DESC, run_id LIMIT 1;

-- name: report_items
-- A page of items in the plan's order, by the unique key of run and seq. A NULL filter filters nothing.
SELECT item_id, seq, customer_ids, customer_name, halo_client_id, product_code, licence_name, halo_licence_id,
    action, outcome, reason, detail, before_quantity, before_price, before_billing_cycle, before_active,
    after_quantity, after_price, after_billing_cycle, after_active, attempts
FROM item
WHERE run_id = :run_id AND seq > :seq
  AND (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
  AND (CAST(:action AS text) IS NULL OR action = :action)
  AND (CAST(:pattern AS text) IS NULL
       OR lower(concat_ws(chr(10), customer_name, product_code, licence_name, array_to_string(customer_ids, chr(10)),
                          reason, detail)) LIKE lower(:pattern))
ORDER BY seq LIMIT :most;
