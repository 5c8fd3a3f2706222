-- name: lock_partner^
-- One intake of a partner at a time: revisions are compared and superseded under this lock.
SELECT auto_sync FROM partner WHERE partner_id = :partner_id FOR NO KEY UPDATE;

-- name: invoice_came^
-- The inbox: is_first only the first time, so a second delivery is known and does nothing. newest: the highest revision of
-- the invoice that was taken in.
WITH first AS (
    INSERT INTO inbox (consumer, event_id) VALUES (:consumer, :event_id) ON CONFLICT DO NOTHING RETURNING 1)
SELECT EXISTS (SELECT FROM first) AS is_first, (
    SELECT max(revision) FROM invoice WHERE partner_id = :partner_id AND invoice_id = :invoice_id) AS newest;

-- name: insert_invoice$
INSERT INTO invoice (partner_id, invoice_id, revision, event_id, replaces, period, currency, issued_at,
                     line_count, total, sync_wanted)
VALUES (:partner_id, :invoice_id, :revision, :event_id, :replaces, :period, :currency, :issued_at, 0, 0, :sync_wanted)
RETURNING invoice_pk;

-- name: complete_invoice!
-- What is known only when the last line has been streamed in: the totals, and what the event said. The lower revisions of
-- this invoice and the invoice that it replaces are superseded; so is this one where the invoice that replaces it, which may
-- be replaced itself by now, has come first.
WITH said AS (UPDATE inbox SET content = :content WHERE consumer = :consumer AND event_id = :event_id),
     older AS (
    UPDATE invoice SET superseded_by = :invoice_pk, sync_wanted = false
    WHERE partner_id = :partner_id AND invoice_pk <> :invoice_pk AND superseded_by IS NULL
      AND (invoice_id = :invoice_id OR invoice_id = CAST(:replaces AS text))),
     later AS (
    SELECT invoice_pk FROM invoice WHERE partner_id = :partner_id AND replaces = :invoice_id
      AND invoice_id <> :invoice_id ORDER BY invoice_pk DESC LIMIT 1)
UPDATE invoice SET line_count = :line_count, total = :total, superseded_by = (SELECT invoice_pk FROM later),
    sync_wanted = sync_wanted AND NOT EXISTS (SELECT FROM later)
WHERE invoice_pk = :invoice_pk;

-- name: lines_of
-- Everything planning needs: the lines of the invoice of a run, and of the further ones that count together with it. A
-- line without a customer sets no licence and is nobody's: planning does not hear of it. OFFSET 0 as in recurring_lines.
SELECT l.line_no + i.line_offset AS line_no, l.customer_id, l.customer_name, l.product_code, l.kind, l.quantity,
    l.unit_price, l.billing_cycle
FROM (
    SELECT CAST(:invoice_pk AS bigint) AS invoice_pk, 0 AS line_offset
    UNION ALL
    SELECT invoice_pk, line_offset FROM run_further_invoice WHERE run_id = :run_id
) AS i CROSS JOIN LATERAL (
    SELECT * FROM invoice_line WHERE invoice_pk = i.invoice_pk AND customer_id <> '' AND customer_name <> '' OFFSET 0) AS l
ORDER BY i.line_offset, l.line_no;
