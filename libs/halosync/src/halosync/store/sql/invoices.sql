-- name: lock_partner^
-- One intake of a partner at a time: revisions are compared and superseded under this lock.
SELECT auto_sync FROM partner WHERE partner_id = :partner_id FOR NO KEY UPDATE;

-- name: newest_revision$
SELECT max(revision) FROM invoice WHERE partner_id = :partner_id AND invoice_id = :invoice_id;

-- name: insert_invoice$
INSERT INTO invoice (partner_id, invoice_id, revision, event_id, replaces, period, currency, issued_at,
                     line_count, total, sync_wanted)
VALUES (:partner_id, :invoice_id, :revision, :event_id, :replaces, :period, :currency, :issued_at, 0, 0, :sync_wanted)
RETURNING invoice_pk;

-- name: set_invoice_totals!
-- Known only when the last line has been streamed in.
UPDATE invoice SET line_count = :line_count, total = :total WHERE invoice_pk = :invoice_pk;

-- name: supersede_older!
-- The lower revisions of this invoice, and the invoice that it replaces.
UPDATE invoice SET superseded_by = :invoice_pk, sync_wanted = false
WHERE partner_id = :partner_id AND invoice_pk <> :invoice_pk AND superseded_by IS NULL
  AND (invoice_id = :invoice_id OR invoice_id = CAST(:replaces AS text));

-- name: supersede_if_replaced!
-- The invoice that replaces this one may have come first, and may be replaced itself by now.
UPDATE invoice SET superseded_by = later.invoice_pk, sync_wanted = false
FROM (SELECT invoice_pk FROM invoice WHERE partner_id = :partner_id AND replaces = :invoice_id
        AND invoice_id <> :invoice_id ORDER BY invoice_pk DESC LIMIT 1) AS later
WHERE invoice.invoice_pk = :invoice_pk;

-- name: lines_of
-- Everything planning needs: the lines of the invoice of a run, and of the further ones that count together with it. A
-- line without a customer sets no licence and is nobody's: planning does not hear of it.
SELECT l.line_no + i.line_offset AS line_no, l.customer_id, l.customer_name, l.product_code, l.kind, l.quantity,
    l.unit_price, l.billing_cycle
FROM (
    SELECT CAST(:invoice_pk AS bigint) AS invoice_pk, 0 AS line_offset
    UNION ALL
    SELECT invoice_pk, line_offset FROM run_further_invoice WHERE run_id = :run_id
) AS i JOIN invoice_line l USING (invoice_pk)
WHERE l.customer_id <> '' AND l.customer_name <> ''
ORDER BY i.line_offset, l.line_no;
