-- What has to do with a few customers of a month: the sums of these need nothing else (spec section 11).

-- Customers with all that share an item or a client with them, and those clients. What stands outside of such a circle adds
-- nothing to a row of who stands within. A customer that only Halo knows is named by its client: `halo-7`.
-- Without customers there is none, and nothing is left out. Most are of one customer; each round looks at the items once.
CREATE OR REPLACE FUNCTION month_circle(
    p_partner_id text, p_period text, p_customers text[], OUT customers text[], OUT clients bigint[]
) LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    runs uuid[] := ARRAY(SELECT DISTINCT p.run_id FROM month_plans(p_partner_id, p_period) AS p WHERE p.run_id IS NOT NULL);
    known integer := -1;
BEGIN
    customers := p_customers;
    clients := ARRAY(SELECT CAST(substr(c, 6) AS bigint) FROM unnest(p_customers) AS c WHERE c ~ '^halo-[0-9]{1,18}$');
    WHILE known < cardinality(customers) + cardinality(clients) LOOP
        known := cardinality(customers) + cardinality(clients);
        -- Those that an undo has put back count as well (`month_rows`); there are few.
        SELECT array_agg(DISTINCT near.customer_id) FILTER (WHERE near.customer_id IS NOT NULL),
            array_agg(DISTINCT near.halo_client_id) FILTER (WHERE near.halo_client_id IS NOT NULL)
        INTO customers, clients FROM (
            SELECT each.customer_id, i.halo_client_id FROM item i
            LEFT JOIN LATERAL unnest(i.customer_ids) AS each (customer_id) ON true
            WHERE i.run_id = ANY (runs) AND (i.customer_ids && customers OR i.halo_client_id = ANY (clients))
            UNION ALL
            SELECT each.customer_id, i.halo_client_id FROM invoice n JOIN run r USING (invoice_pk) JOIN item i USING (run_id)
            LEFT JOIN LATERAL unnest(i.customer_ids) AS each (customer_id) ON true
            WHERE n.partner_id = p_partner_id AND n.period = p_period AND r.mode = 'apply' AND i.undone = 'undone'
                AND (i.customer_ids && customers OR i.halo_client_id = ANY (clients))
            UNION ALL SELECT c, NULL FROM unnest(customers) AS c
            UNION ALL SELECT NULL, k FROM unnest(clients) AS k
        ) AS near;
        customers := coalesce(customers, '{}');
        clients := coalesce(clients, '{}');
    END LOOP;
END $$;

-- The items of a run, and the recurring lines of an invoice, for `month_rows`: all of them, or those of a circle. Postgres
-- does not write these functions into a statement, so it takes them for a thousand rows. Where statistics are older than a
-- large invoice it would take them for one, and compare each row with each other.
DROP FUNCTION IF EXISTS run_items;
CREATE FUNCTION run_items(p_run_id uuid, p_customers text[] DEFAULT NULL, p_clients bigint[] DEFAULT NULL)
RETURNS SETOF item LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_customers IS NULL THEN
        RETURN QUERY SELECT * FROM item WHERE item.run_id = p_run_id;
    ELSE
        RETURN QUERY SELECT * FROM item
            WHERE item.run_id = p_run_id AND (item.customer_ids && p_customers OR item.halo_client_id = ANY (p_clients));
    END IF;
END $$;
DROP FUNCTION IF EXISTS billed_lines;
CREATE FUNCTION billed_lines(p_invoice_pk bigint, p_customers text[] DEFAULT NULL)
RETURNS SETOF invoice_line LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_customers IS NULL THEN
        RETURN QUERY SELECT * FROM invoice_line l WHERE l.invoice_pk = p_invoice_pk AND l.kind = 'recurring';
    ELSE
        RETURN QUERY SELECT * FROM invoice_line l
            WHERE l.invoice_pk = p_invoice_pk AND l.kind = 'recurring' AND l.customer_id = ANY (p_customers);
    END IF;
END $$;
