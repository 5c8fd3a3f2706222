-- name: customer_lines
-- A customer's lines of a month, each with what the newest run that applied it made of it, and with its licence as last
-- read or written.
SELECT n.invoice_id, l.line_id, l.line_no, l.product_code, l.product_name, l.kind, l.quantity, l.unit_price,
    l.billing_cycle, round(l.quantity * l.unit_price, 2) AS amount, i.item_id,
    line_outcome(l.kind, p.run_id, i.outcome) AS outcome,
    line_reason(l.kind, p.run_id, i.reason) AS reason
FROM month_plans(:partner_id, :period) AS p
JOIN invoice n USING (invoice_pk)
JOIN invoice_line l USING (invoice_pk)
LEFT JOIN item_line m ON m.run_id = p.run_id AND m.line_no = l.line_no + p.line_offset
LEFT JOIN standing_item i USING (item_id)
WHERE l.customer_id = :customer_id
ORDER BY natural_order(l.product_code) COLLATE "C", n.issued_at, n.invoice_id, l.line_no LIMIT :most;

-- name: customer_months
-- What a customer was billed, month by month, newest first: the recurring lines, each rounded to cents, by currency.
SELECT i.period, i.currency, count(*) AS lines,
    coalesce(sum(round(l.quantity * l.unit_price, 2)) FILTER (WHERE l.kind = 'recurring'), 0) AS billed,
    (array_agg(l.customer_name ORDER BY l.line_no))[1] AS customer_name
FROM (SELECT DISTINCT period FROM invoice WHERE partner_id = :partner_id AND superseded_by IS NULL
      ORDER BY period DESC LIMIT :most) AS months
JOIN invoice i ON i.partner_id = :partner_id AND i.period = months.period
    AND i.invoice_pk = ANY(invoices_that_count(:partner_id, months.period))
JOIN invoice_line l USING (invoice_pk)
WHERE l.customer_id = :customer_id
GROUP BY i.period, i.currency ORDER BY i.period DESC, i.currency;

-- name: customer_acts
-- What people did to a customer's link, newest first.
SELECT audit_id, at, partner_id, actor, actor_key_id, is_operator, act, subject, detail
FROM audit_entry
WHERE partner_id = :partner_id AND act = 'customer.linked' AND subject = :customer_id
ORDER BY audit_id DESC LIMIT :most;
