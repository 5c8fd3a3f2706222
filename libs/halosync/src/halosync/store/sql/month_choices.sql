-- name: invoices_of_month
-- Those that none supersedes, the newest first.
SELECT invoice_pk, invoice_id, revision, currency, line_count FROM invoice
WHERE partner_id = :partner_id AND period = :period AND superseded_by IS NULL
ORDER BY issued_at DESC, invoice_pk DESC;

-- name: choose_month_invoices$
-- No row comes back when it was chosen before.
INSERT INTO month_choice AS m (partner_id, period, invoices) VALUES (:partner_id, :period, :choice)
ON CONFLICT (partner_id, period) DO UPDATE SET invoices = excluded.invoices WHERE m.invoices <> excluded.invoices
RETURNING period;
