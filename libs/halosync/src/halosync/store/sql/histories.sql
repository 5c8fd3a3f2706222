-- name: history_steps
-- What runs did, or were to do, to a licence, oldest first: with the lines behind it, the links of that time, who started
-- and approved it, and under which settings.
SELECT r.run_id, r.mode, r.created_at AS at, r.state AS run_state, n.invoice_id, n.revision, n.period, n.currency,
    r.requested_by, r.approve_removals, r.approve_review, r.removal, r.price_field,
    v.item_id, v.action, v.outcome, v.reason, v.detail, v.customer_ids, v.customer_name, v.halo_client_id,
    v.product_code, v.licence_name, v.halo_licence_id,
    v.before_quantity, v.before_price, v.before_billing_cycle, v.before_active,
    v.after_quantity, v.after_price, v.after_billing_cycle, v.after_active,
    lines.lines, customer_link.link AS customer_link, product_link.link AS product_link
FROM item i
JOIN item_view v USING (item_id)
JOIN run r ON r.run_id = i.run_id
JOIN invoice n ON n.invoice_pk = r.invoice_pk
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'invoice_id', b.invoice_id, 'line_id', l.line_id, 'product_name', l.product_name,
        'quantity', l.quantity::text, 'unit_price', l.unit_price::text, 'billing_cycle', l.billing_cycle
    ) ORDER BY b.invoice_id, l.line_no) AS lines
    FROM (SELECT * FROM unnest(i.line_nos) AS line_no LIMIT 100) AS nos
    JOIN invoice_of_run of ON of.run_id = r.run_id
    JOIN invoice_line l ON l.invoice_pk = of.invoice_pk AND l.line_no + of.line_offset = nos.line_no
    JOIN invoice b ON b.invoice_pk = l.invoice_pk
) AS lines ON true
LEFT JOIN LATERAL (
    SELECT a.detail -> 'after' AS link FROM audit_entry a
    WHERE a.partner_id = r.partner_id AND a.act = 'customer.linked' AND a.subject = ANY(i.customer_ids) AND a.at <= r.created_at
    ORDER BY a.audit_id DESC LIMIT 1
) AS customer_link ON true
LEFT JOIN LATERAL (
    SELECT a.detail ->> 'after' AS link FROM audit_entry a
    WHERE a.partner_id = r.partner_id AND a.act = 'product.linked' AND a.subject = i.product_code AND a.at <= r.created_at
    ORDER BY a.audit_id DESC LIMIT 1
) AS product_link ON true
WHERE r.partner_id = :partner_id AND r.mode IN ('apply', 'undo')
  AND (i.item_id = ANY(CAST(:item_ids AS bigint[]))
       OR i.halo_licence_id = ANY(ids_of_licence(:partner_id, :halo_licence_id)) AND i.action IN ('create', 'update', 'delete'))
ORDER BY r.created_at, r.run_id, i.seq LIMIT :most;

-- name: items_of_line
-- The items that answered for a line, in every run of every revision of its invoice.
SELECT m.item_id
FROM invoice n
JOIN invoice_line l ON l.invoice_pk = n.invoice_pk AND l.line_id = :line_id
JOIN invoice_of_run of ON of.invoice_pk = n.invoice_pk
JOIN item_line m ON m.run_id = of.run_id AND m.line_no = l.line_no + of.line_offset
WHERE n.partner_id = :partner_id AND n.invoice_id = :invoice_id LIMIT :most;

-- name: line_exists$
SELECT EXISTS (
    SELECT FROM invoice n JOIN invoice_line l ON l.invoice_pk = n.invoice_pk AND l.line_id = :line_id
    WHERE n.partner_id = :partner_id AND n.invoice_id = :invoice_id);
