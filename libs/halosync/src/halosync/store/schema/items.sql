-- What two product codes share that are the same one within a month: case and the forms of a character do not matter.
CREATE OR REPLACE FUNCTION product_key(product_code text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(normalize(product_code, NFKC))
$$;

-- The same thing in every run of a period has the same key, whatever its run or licence is: a product of a customer, or
-- a licence that no product of the invoice has.
CREATE OR REPLACE FUNCTION item_key(customer_ids text[], product_code text, halo_licence_id bigint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT left(encode(sha256(convert_to(
        CASE WHEN product_code IS NULL THEN concat_ws(chr(31), 'licence', halo_licence_id)
             ELSE concat_ws(chr(31), 'product', customer_ids[1], product_key(product_code)) END,
        'UTF8')), 'hex'), 32)
$$;

-- An item as people and programs look at it: without what only the writers need.
DROP VIEW IF EXISTS item_view;
CREATE VIEW item_view AS
SELECT run_id, item_id, seq, customer_ids, customer_name, halo_client_id, product_code, licence_name, halo_licence_id,
    action, outcome, reason, detail, before_quantity, before_price, before_billing_cycle, before_active,
    after_quantity, after_price, after_billing_cycle, after_active, attempts,
    item_key(customer_ids, product_code, coalesce(restores_licence_id, halo_licence_id)) AS item_key, drift,
    restores_licence_id, undone
FROM item;

-- These functions are STABLE, as what they call is: then Postgres writes them into the statement and they cost nothing.

-- For what a held item waits, where it is not for the approval of removals.
CREATE OR REPLACE FUNCTION item_waits(reason text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN reason IN ('first_review', 'edited_in_halo') THEN reason ELSE '' END
$$;

-- What a customer is known by among the items of a run: its client in Halo, or its own id where it has none. A clean-up
-- belongs to its client.
CREATE OR REPLACE FUNCTION item_customer(halo_client_id bigint, customer_ids text[]) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce('halo-' || halo_client_id, 'customer-' || customer_ids[1], '')
$$;

-- What names are sorted by: without regard to case, numbers in them by their value, as `natural_key` in the domain. Compare
-- it with COLLATE "C". Numbers of more than ten digits are compared as texts. Nothing that looks ahead or behind: it would
-- take several times as long.
CREATE OR REPLACE FUNCTION natural_order(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(regexp_replace(lower(normalize(name, NFKC)), '([0-9]+)', '0000000000\1', 'g'),
                          '0*([0-9]{10})', '\1', 'g')
$$;

-- What the text filter of items looks at, in small letters.
CREATE OR REPLACE FUNCTION item_text(
    customer_name text, product_code text, licence_name text, customer_ids text[], reason text, detail text
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT lower(concat_ws(chr(10), customer_name, product_code, licence_name, array_to_string(customer_ids, chr(10)),
                           reason, detail))
$$;
