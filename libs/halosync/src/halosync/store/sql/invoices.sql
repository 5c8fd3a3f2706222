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
-- The invoice that replaces this one may have come first.
UPDATE invoice SET superseded_by = later.invoice_pk, sync_wanted = false
FROM (SELECT invoice_pk FROM invoice WHERE partner_id = :partner_id AND replaces = :invoice_id
        AND superseded_by IS NULL AND invoice_id <> :invoice_id ORDER BY invoice_pk DESC LIMIT 1) AS later
WHERE invoice.invoice_pk = :invoice_pk;

-- name: lines_of
-- Everything planning needs, in the order of the invoice.
SELECT line_no, customer_id, customer_name, product_code, kind, quantity, unit_price, billing_cycle
FROM invoice_line WHERE invoice_pk = :invoice_pk ORDER BY line_no;
