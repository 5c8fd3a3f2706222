-- name: billed_customers
-- Every customer, with each spelling of its name, of what was billed for the month of the newest invoice.
SELECT DISTINCT l.customer_id AS key, l.customer_name AS name
FROM invoice i JOIN invoice_line l USING (invoice_pk)
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL AND l.customer_id <> '' AND l.customer_name <> ''
  AND i.period = (SELECT period FROM invoice WHERE invoice_pk = newest_invoice(:partner_id));

-- name: billed_products
-- Likewise every product that sets a licence; products of other lines have nothing to link.
SELECT l.product_code AS key, max(l.product_name) AS name
FROM invoice i JOIN invoice_line l USING (invoice_pk)
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL AND l.kind = 'recurring'
  AND i.period = (SELECT period FROM invoice WHERE invoice_pk = newest_invoice(:partner_id))
GROUP BY l.product_code;

-- name: customer_links
-- What is stored of these customers, or of all; a customer without link has no row.
SELECT customer_id AS key, halo_client_id, excluded FROM customer_link
WHERE partner_id = :partner_id AND (CAST(:keys AS text[]) IS NULL OR customer_id = ANY(CAST(:keys AS text[])));

-- name: product_links
-- Likewise of products.
SELECT product_code AS key, licence_name FROM product_link
WHERE partner_id = :partner_id AND (CAST(:keys AS text[]) IS NULL OR product_code = ANY(CAST(:keys AS text[])));

-- name: store_customer_links!
-- Many links in one statement; a row with neither client nor exclusion is none, and goes.
WITH wanted AS (
    SELECT * FROM unnest(CAST(:customer_ids AS text[]), CAST(:halo_client_ids AS bigint[]), CAST(:excluded AS boolean[]))
        AS w (customer_id, halo_client_id, excluded)
), gone AS (
    DELETE FROM customer_link l USING wanted w
    WHERE l.partner_id = :partner_id AND l.customer_id = w.customer_id AND w.halo_client_id IS NULL AND NOT w.excluded
)
INSERT INTO customer_link (partner_id, customer_id, halo_client_id, excluded)
SELECT :partner_id, customer_id, halo_client_id, excluded FROM wanted WHERE halo_client_id IS NOT NULL OR excluded
ON CONFLICT (partner_id, customer_id) DO UPDATE
SET halo_client_id = excluded.halo_client_id, excluded = excluded.excluded, updated_at = now();

-- name: store_product_links!
-- Likewise for products; a row without name is none.
WITH wanted AS (
    SELECT * FROM unnest(CAST(:product_codes AS text[]), CAST(:licence_names AS text[]))
        AS w (product_code, licence_name)
), gone AS (
    DELETE FROM product_link l USING wanted w
    WHERE l.partner_id = :partner_id AND l.product_code = w.product_code AND w.licence_name IS NULL
)
INSERT INTO product_link (partner_id, product_code, licence_name)
SELECT :partner_id, product_code, licence_name FROM wanted WHERE licence_name IS NOT NULL
ON CONFLICT (partner_id, product_code) DO UPDATE SET licence_name = excluded.licence_name, updated_at = now();
