-- What a person types into the search of the portal: a few hits of each kind, `:pattern` as in `search.pattern`.

-- name: found_customers
-- Those of the month of the newest invoice, by name or id; and those with a stored link, by id.
SELECT c.customer_id, min(c.name) AS name
FROM (
    SELECT l.customer_id, l.customer_name AS name
    FROM invoice i JOIN invoice_line l USING (invoice_pk)
    WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL AND l.customer_id <> ''
      AND i.period = (SELECT period FROM invoice WHERE invoice_pk = newest_invoice(:partner_id))
      AND (l.customer_name ILIKE :pattern OR l.customer_id ILIKE :pattern)
    UNION ALL
    SELECT k.customer_id, NULL FROM customer_link k WHERE k.partner_id = :partner_id AND k.customer_id ILIKE :pattern
) AS c
GROUP BY c.customer_id ORDER BY natural_order(min(c.name)) COLLATE "C", c.customer_id LIMIT :most;

-- name: found_products
-- Those of the month of the newest invoice, by code or name.
SELECT l.product_code, max(l.product_name) AS name
FROM invoice i JOIN invoice_line l USING (invoice_pk)
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL AND l.product_code <> ''
  AND i.period = (SELECT period FROM invoice WHERE invoice_pk = newest_invoice(:partner_id))
  AND (l.product_code ILIKE :pattern OR l.product_name ILIKE :pattern)
GROUP BY l.product_code ORDER BY natural_order(l.product_code) COLLATE "C", l.product_code LIMIT :most;

-- name: found_licences
-- Those of the last read, by name, by their client's name, or by their whole id; what was removed stands last.
SELECT l.halo_licence_id, l.name, c.name AS client_name, l.quantity, l.removed_at IS NOT NULL AS removed
FROM halo_licence l LEFT JOIN halo_client c USING (partner_id, halo_client_id)
WHERE l.partner_id = :partner_id
  AND (l.name ILIKE :pattern OR c.name ILIKE :pattern OR CAST(l.halo_licence_id AS text) = ltrim(:q, '#'))
ORDER BY l.removed_at IS NOT NULL, natural_order(l.name) COLLATE "C", natural_order(c.name) COLLATE "C", l.halo_licence_id LIMIT :most;

-- name: found_invoices
-- By id or month ("2026-11", "November 2026"), newest first; of each its newest revision.
SELECT i.invoice_id, i.period, i.revision, i.currency, i.total
FROM invoice i
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL
  AND (i.invoice_id ILIKE :pattern OR i.period ILIKE :pattern
       OR to_char(to_date(i.period, 'YYYY-MM'), 'FMMonth YYYY') ILIKE :pattern)
ORDER BY i.period DESC, i.issued_at DESC, i.invoice_pk DESC LIMIT :most;

-- name: found_runs
-- By the beginning of the id, by who asked for it, or by invoice; newest first.
SELECT r.run_id, r.mode, r.state, r.created_at, r.requested_by, i.period, i.invoice_id
FROM run r JOIN invoice i USING (invoice_pk)
WHERE r.partner_id = :partner_id
  AND (CAST(r.run_id AS text) LIKE lower(:q) || '%' OR r.requested_by ILIKE :pattern OR i.invoice_id ILIKE :pattern)
ORDER BY r.created_at DESC, r.run_id LIMIT :most;
