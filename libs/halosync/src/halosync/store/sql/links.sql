-- name: billed_customers
-- Every customer, with each spelling of its name, of what was billed for the month of the newest invoice; and how many
-- lines it has, and what those cost that recur.
SELECT l.customer_id AS key, array_agg(DISTINCT l.customer_name) AS names, count(*) AS lines,
    coalesce(sum(round(l.quantity * l.unit_price, 2)) FILTER (WHERE l.kind = 'recurring'), 0) AS amount,
    true AS is_wanted, false AS is_faulty
FROM invoice i JOIN invoice_line l USING (invoice_pk)
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL AND l.customer_id <> '' AND l.customer_name <> ''
  AND i.period = (SELECT period FROM invoice WHERE invoice_pk = newest_invoice(:partner_id))
GROUP BY l.customer_id;

-- name: billed_products
-- Likewise every product that sets a licence; products of other lines have nothing to link. It is wanted if a customer
-- has some of it that a Sync can follow, and faulty if a customer has lines that none can (`demand_of`).
WITH demand AS (
    SELECT l.product_code, max(l.product_name) AS name, count(*) AS lines,
        sum(round(l.quantity * l.unit_price, 2)) AS amount, sum(l.quantity) AS quantity,
        bool_or(l.quantity < 0) OR coalesce(bool_or(l.unit_price < 0) FILTER (WHERE l.quantity <> 0), false)
            OR count(DISTINCT l.unit_price) FILTER (WHERE l.quantity <> 0) > 1
            OR count(DISTINCT billing_cycle_key(l.billing_cycle)) FILTER (WHERE l.quantity <> 0) > 1 AS is_faulty
    FROM invoice i JOIN invoice_line l USING (invoice_pk)
    WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL AND l.kind = 'recurring'
      AND i.period = (SELECT period FROM invoice WHERE invoice_pk = newest_invoice(:partner_id))
    GROUP BY l.product_code, l.customer_id
)
SELECT product_code AS key, ARRAY[max(name)] AS names, CAST(sum(lines) AS bigint) AS lines, sum(amount) AS amount,
    bool_or(quantity > 0 AND NOT is_faulty) AS is_wanted, bool_or(is_faulty) AS is_faulty
FROM demand GROUP BY product_code;

-- name: billed_currency$
-- The currency of the newest invoice.
SELECT currency FROM invoice WHERE invoice_pk = newest_invoice(:partner_id);

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
