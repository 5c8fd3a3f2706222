-- name: links_of_customers
-- What is stored of these customers now; a customer without link has no row.
SELECT customer_id, halo_client_id, excluded FROM customer_link
WHERE partner_id = :partner_id AND customer_id = ANY(CAST(:customer_ids AS text[]));

-- name: links_of_products
-- Likewise of these products.
SELECT product_code, licence_name FROM product_link
WHERE partner_id = :partner_id AND product_code = ANY(CAST(:product_codes AS text[]));

-- name: clients_in_halo
-- Which of these clients the last read of Halo showed, with their names, if it was a read of the connected tenant.
SELECT k.halo_client_id, k.name, s.tenant FROM halo_client k
JOIN halo_snapshot s USING (partner_id) LEFT JOIN connection c USING (partner_id)
WHERE k.partner_id = :partner_id AND k.halo_client_id = ANY(CAST(:halo_client_ids AS bigint[]))
  AND (c.state IS DISTINCT FROM 'connected' OR c.tenant = s.tenant);

-- name: store_customer_links!
-- Many links in one statement; a row with neither client nor exclusion is none (`drop_customer_links`).
INSERT INTO customer_link (partner_id, customer_id, halo_client_id, excluded)
SELECT :partner_id, w.customer_id, w.halo_client_id, w.excluded
FROM unnest(CAST(:customer_ids AS text[]), CAST(:halo_client_ids AS bigint[]), CAST(:excluded AS boolean[]))
    AS w (customer_id, halo_client_id, excluded)
WHERE w.halo_client_id IS NOT NULL OR w.excluded
ON CONFLICT (partner_id, customer_id) DO UPDATE
SET halo_client_id = excluded.halo_client_id, excluded = excluded.excluded, updated_at = now();

-- name: drop_customer_links!
DELETE FROM customer_link WHERE partner_id = :partner_id AND customer_id = ANY(CAST(:customer_ids AS text[]));

-- name: store_product_links!
-- Likewise for products; a row without name is none (`drop_product_links`).
INSERT INTO product_link (partner_id, product_code, licence_name)
SELECT :partner_id, w.product_code, w.licence_name
FROM unnest(CAST(:product_codes AS text[]), CAST(:licence_names AS text[])) AS w (product_code, licence_name)
WHERE w.licence_name IS NOT NULL
ON CONFLICT (partner_id, product_code) DO UPDATE SET licence_name = excluded.licence_name, updated_at = now();

-- name: drop_product_links!
DELETE FROM product_link WHERE partner_id = :partner_id AND product_code = ANY(CAST(:product_codes AS text[]));
