-- name: link_customers
-- Every customer, with each spelling of its name, of the newest invoice and of what was billed for its month or later.
SELECT DISTINCT l.customer_id, l.customer_name
FROM invoice i JOIN invoice_line l USING (invoice_pk)
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL AND i.period >= (
    SELECT period FROM invoice WHERE partner_id = :partner_id AND superseded_by IS NULL
    ORDER BY issued_at DESC, invoice_pk DESC LIMIT 1);

-- name: link_products
-- Likewise every product that sets a licence; products of other lines have nothing to link.
SELECT l.product_code, max(l.product_name) AS product_name
FROM invoice i JOIN invoice_line l USING (invoice_pk)
WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL AND l.kind = 'recurring' AND i.period >= (
    SELECT period FROM invoice WHERE partner_id = :partner_id AND superseded_by IS NULL
    ORDER BY issued_at DESC, invoice_pk DESC LIMIT 1)
GROUP BY l.product_code;

-- name: link_stored_customers
SELECT customer_id, halo_client_id, excluded FROM customer_link WHERE partner_id = :partner_id;

-- name: link_stored_products
SELECT product_code, licence_name FROM product_link WHERE partner_id = :partner_id;

-- name: link_of_customer^
SELECT halo_client_id, excluded FROM customer_link WHERE partner_id = :partner_id AND customer_id = :customer_id;

-- name: link_of_product$
SELECT licence_name FROM product_link WHERE partner_id = :partner_id AND product_code = :product_code;

-- name: link_tenant$
-- Which Halo was read, under the same condition as below.
SELECT s.tenant FROM halo_snapshot s LEFT JOIN connection c USING (partner_id)
WHERE s.partner_id = :partner_id AND (c.state IS DISTINCT FROM 'connected' OR c.tenant = s.tenant);

-- name: link_read_at$
-- When Halo was read. A read of another tenant than the connected one says nothing about this one.
SELECT s.read_at FROM halo_snapshot s LEFT JOIN connection c USING (partner_id)
WHERE s.partner_id = :partner_id AND (c.state IS DISTINCT FROM 'connected' OR c.tenant = s.tenant);

-- name: link_all_clients
SELECT halo_client_id, name, inactive FROM halo_client WHERE partner_id = :partner_id;

-- name: link_clients
-- A page of clients by name.
SELECT halo_client_id, name, inactive FROM halo_client
WHERE partner_id = :partner_id AND (name, halo_client_id) > (:name, :halo_client_id)
  AND (CAST(:pattern AS text) IS NULL OR lower(name) LIKE lower(:pattern))
ORDER BY name, halo_client_id LIMIT :most;

-- name: link_all_licence_names
SELECT DISTINCT name FROM halo_licence WHERE partner_id = :partner_id AND removed_at IS NULL;

-- name: link_licence_names
-- A page of licence names, each with how many licences have it; what halosync has removed since is left out.
SELECT name, count(*) AS licences FROM halo_licence
WHERE partner_id = :partner_id AND removed_at IS NULL AND name > :name
  AND (CAST(:pattern AS text) IS NULL OR lower(name) LIKE lower(:pattern))
GROUP BY name ORDER BY name LIMIT :most;
