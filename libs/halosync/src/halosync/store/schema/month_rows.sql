-- The month: what was billed, what Halo holds of it, and why they differ (spec section 11).

-- One row for each thing, customer and billing cycle: billed, in Halo, and the reason of the difference. Whatever is
-- summed, billed = in_halo + what the reasons say, because each row's difference belongs to its reason; a difference
-- without reason is a defect of ours. What several customers share is divided in proportion to what each is billed; the
-- shares are cut from one running sum, so that they add up to the cent. `counted` is true in one row of each thing.
-- A thing has a number here: its item's, or one below zero where there is no item yet. Sorting by text takes much longer.
-- With `p_customers`: the rows of these, and some of those that stand in one circle with them.
DROP FUNCTION IF EXISTS month_rows;
CREATE FUNCTION month_rows(p_partner_id text, p_period text, p_customers text[] DEFAULT NULL)
RETURNS TABLE (
    customer_id text, customer_name text, customer_ids text[], halo_client_id bigint, product_code text,
    licence_name text, halo_licence_id bigint, run_id uuid, item_id bigint, outcome text, reason text, detail text,
    billing_cycle text, cycle_key text, lines bigint, billed numeric, in_halo numeric, counted boolean
) LANGUAGE sql STABLE SET work_mem = '64MB' AS $$
    WITH plan AS MATERIALIZED (SELECT * FROM month_plans(p_partner_id, p_period)),
    circle AS MATERIALIZED (SELECT * FROM month_circle(p_partner_id, p_period, p_customers)),
    -- Several invoices may have one run.
    planned_run AS MATERIALIZED (SELECT DISTINCT plan.run_id, plan.price_field FROM plan WHERE plan.run_id IS NOT NULL),
    -- Licences that undos have brought back with other ids, and what undos have left of a licence.
    brought_back AS MATERIALIZED (SELECT * FROM newest_restored(p_partner_id)),
    undone AS MATERIALIZED (
        SELECT DISTINCT ON (u.halo_licence_id) u.halo_licence_id, r.created_at,
            u.after_quantity, u.after_price, u.after_billing_cycle, u.after_active
        FROM run r CROSS JOIN LATERAL run_items(r.run_id) AS u
        WHERE r.partner_id = p_partner_id AND r.mode = 'undo' AND u.outcome = 'synced'
            AND u.action IN ('create', 'update', 'delete') AND u.halo_licence_id IS NOT NULL
        ORDER BY u.halo_licence_id, r.created_at DESC
    ),
    -- Licences that an earlier run of the month removed and an undo has put back since the newest one was planned: its plan
    -- cannot have them, and Halo bills them.
    put_back_all AS MATERIALIZED (
        SELECT DISTINCT ON (u.halo_licence_id) i.*, r.price_field
        FROM invoice n JOIN run r USING (invoice_pk) JOIN item i USING (run_id)
        LEFT JOIN brought_back b ON b.licence_id = i.halo_licence_id
        JOIN undone u ON u.halo_licence_id = coalesce(b.is_now, i.halo_licence_id)
        WHERE n.partner_id = p_partner_id AND n.period = p_period AND r.mode = 'apply'
            AND i.undone = 'undone' AND i.action = 'delete'
            AND i.run_id NOT IN (SELECT planned_run.run_id FROM planned_run)
            AND u.created_at > (SELECT max(newest.created_at) FROM planned_run JOIN run newest USING (run_id))
            AND NOT EXISTS (
                SELECT FROM planned_run p JOIN item known ON known.run_id = p.run_id
                    AND known.halo_client_id = i.halo_client_id AND known.outcome = 'synced'
                    AND known.halo_licence_id = u.halo_licence_id)
        ORDER BY u.halo_licence_id, r.created_at DESC
    ),
    put_back AS MATERIALIZED (
        SELECT i.* FROM put_back_all i WHERE p_customers IS NULL OR EXISTS (
            SELECT FROM circle c WHERE i.customer_ids && c.customers OR i.halo_client_id = ANY (c.clients))
    ),
    planned AS MATERIALIZED (
        SELECT i.*, p.price_field FROM planned_run p CROSS JOIN circle CROSS JOIN LATERAL run_items(p.run_id, circle.customers, circle.clients) AS i
        -- What was put back takes the place of an item that says that there is no licence.
        WHERE i.reason IS DISTINCT FROM 'quantity_zero' OR NOT EXISTS (
            SELECT FROM put_back b WHERE b.halo_client_id = i.halo_client_id
                AND product_key(b.product_code) = product_key(i.product_code))
        UNION ALL SELECT * FROM put_back
    ),
    -- Halo's words for the invoice's billing cycles, as the partner has set them.
    word AS MATERIALIZED (
        SELECT DISTINCT ON (billing_cycle_key(each.key)) billing_cycle_key(each.key) AS cycle, each.value AS billing_cycle
        FROM partner CROSS JOIN LATERAL jsonb_each_text(partner.billing_cycles) AS each
        WHERE partner.partner_id = p_partner_id ORDER BY billing_cycle_key(each.key), each.key
    ),
    -- A clean-up belongs to nobody on the invoice; it is shown with the customer of its client.
    owner AS (
        SELECT DISTINCT ON (i.halo_client_id) i.halo_client_id, i.customer_ids[1] AS customer_id, i.customer_name
        FROM planned i
        -- IS TRUE: a list that is looked up, and no join that might compare each item with each clean-up.
        WHERE i.product_code IS NOT NULL
            AND (i.halo_client_id IN (SELECT c.halo_client_id FROM planned c WHERE c.product_code IS NULL)) IS TRUE
        ORDER BY i.halo_client_id, i.seq
    ),
    -- Which item the plan has for a product of a customer.
    planned_thing AS MATERIALIZED (
        SELECT DISTINCT ON (customer_id, code) each.customer_id, product_key(i.product_code) AS code, i.item_id
        FROM planned i CROSS JOIN LATERAL unnest(i.customer_ids) AS each (customer_id)
        WHERE i.product_code IS NOT NULL AND EXISTS (SELECT FROM plan WHERE plan.run_id IS NULL)
        ORDER BY customer_id, code, i.item_id
    ),
    -- Lines that no run has applied yet; a product of a customer is one thing, with what is planned for other invoices.
    loose AS MATERIALIZED (
        SELECT coalesce(t.item_id, -dense_rank() OVER (ORDER BY l.customer_id, product_key(l.product_code))) AS thing,
            l.customer_id, l.customer_name, l.product_code, coalesce(w.billing_cycle, l.billing_cycle) AS billing_cycle,
            round(l.quantity * l.unit_price, 2) AS amount
        FROM plan p CROSS JOIN circle CROSS JOIN LATERAL billed_lines(p.invoice_pk, circle.customers) AS l
        LEFT JOIN word w ON w.cycle = billing_cycle_key(l.billing_cycle)
        LEFT JOIN planned_thing t ON t.customer_id = l.customer_id AND t.code = product_key(l.product_code)
        WHERE NOT EXISTS (
            SELECT FROM item_line m WHERE m.run_id = p.run_id AND m.line_no = l.line_no + p.line_offset)
    ),
    -- Of all items that are planned, whoever they are of: a licence may have moved to another client of Halo's since.
    taken AS MATERIALIZED (
        SELECT i.halo_licence_id FROM planned_run JOIN item i USING (run_id)
        WHERE i.halo_licence_id IS NOT NULL AND EXISTS (SELECT FROM loose)
        UNION ALL SELECT put_back_all.halo_licence_id FROM put_back_all
    ),
    -- For those, the licences that the partner's last plan found are what Halo holds of them; not what is planned for the
    -- month already, if only to be removed: each licence counts once.
    earlier AS MATERIALIZED (
        SELECT DISTINCT ON (customer_id, code) i.customer_ids[1] AS customer_id,
            product_key(i.product_code) AS code, i.halo_licence_id, i.halo_client_id, i.licence_name,
            r.price_field
        FROM (SELECT * FROM run WHERE run.partner_id = p_partner_id AND run.mode = 'apply' AND run.total > 0
              ORDER BY run.created_at DESC, run.run_id LIMIT 1) AS r
        CROSS JOIN circle CROSS JOIN LATERAL run_items(r.run_id, circle.customers, circle.clients) AS i
        LEFT JOIN brought_back b ON b.licence_id = i.halo_licence_id
        WHERE i.product_code IS NOT NULL AND EXISTS (SELECT FROM loose)
            AND (coalesce(b.is_now, i.halo_licence_id) IN (
                SELECT coalesce(k.is_now, taken.halo_licence_id)
                FROM taken LEFT JOIN brought_back k ON k.licence_id = taken.halo_licence_id)) IS NOT TRUE
        ORDER BY customer_id, code, i.seq
    ),
    line AS MATERIALIZED (
        SELECT i.item_id AS thing, l.customer_id, l.customer_name,
            CASE WHEN i.outcome = 'synced' AND i.after_billing_cycle IS NOT NULL THEN i.after_billing_cycle
                 ELSE coalesce(w.billing_cycle, l.billing_cycle) END AS billing_cycle,
            round(l.quantity * l.unit_price, 2) AS amount
        FROM plan p CROSS JOIN circle CROSS JOIN LATERAL billed_lines(p.invoice_pk, circle.customers) AS l
        LEFT JOIN word w ON w.cycle = billing_cycle_key(l.billing_cycle)
        -- LIMIT 1 looks each line up by key.
        JOIN LATERAL (
            SELECT item_line.item_id FROM item_line
            WHERE item_line.run_id = p.run_id AND item_line.line_no = l.line_no + p.line_offset LIMIT 1) AS m ON true
        JOIN planned i USING (item_id)
        UNION ALL
        SELECT thing, loose.customer_id, loose.customer_name, loose.billing_cycle, amount FROM loose
    ),
    thing AS MATERIALIZED (
        SELECT i.item_id AS thing, i.customer_ids, i.halo_client_id, i.product_code, i.licence_name, i.halo_licence_id,
            i.run_id, i.item_id, i.outcome, i.reason, i.detail, i.price_field,
            coalesce(i.customer_ids[1], o.customer_id, 'halo-' || i.halo_client_id) AS first_customer,
            coalesce(o.customer_name, i.customer_name) AS first_name,
            i.after_quantity, i.after_price, i.after_billing_cycle, i.after_active
        FROM planned i LEFT JOIN owner o ON i.product_code IS NULL AND o.halo_client_id = i.halo_client_id
        UNION ALL
        SELECT l.thing, ARRAY[min(l.customer_id)], min(e.halo_client_id), min(l.product_code), min(e.licence_name),
            min(e.halo_licence_id), NULL, NULL, NULL, 'not_synchronised', NULL, min(e.price_field), min(l.customer_id),
            min(l.customer_name), NULL, NULL, NULL, NULL
        FROM loose l
        LEFT JOIN earlier e ON e.customer_id = l.customer_id AND e.code = product_key(l.product_code)
        WHERE l.thing < 0 GROUP BY l.thing
    ),
    -- Things of which an invoice bills more, or of whose invoices one does not count any more: the next Sync puts them right.
    outdated AS MATERIALIZED (SELECT DISTINCT loose.thing FROM loose WHERE loose.thing > 0),
    outdated_run AS MATERIALIZED (
        SELECT DISTINCT o.run_id FROM invoice_of_run o JOIN planned_run USING (run_id)
        WHERE o.invoice_pk NOT IN (SELECT plan.invoice_pk FROM plan WHERE plan.run_id IS NOT NULL)
    ),
    -- What runs that have come since wrote last to each licence: while Halo holds that, it is no edit of somebody.
    -- OFFSET 0: each run's items are looked up.
    later_write AS MATERIALIZED (
        SELECT DISTINCT ON (i.halo_licence_id) i.halo_licence_id, n.period,
            i.after_quantity, i.after_price, i.after_billing_cycle, i.after_active
        FROM run r JOIN invoice n USING (invoice_pk)
        CROSS JOIN LATERAL (
            SELECT * FROM item
            WHERE item.run_id = r.run_id AND item.outcome = 'synced' AND item.action IN ('create', 'update', 'delete')
                AND item.halo_licence_id IS NOT NULL OFFSET 0) AS i
        WHERE r.partner_id = p_partner_id AND r.mode = 'apply' AND r.total > 0
            AND r.created_at > (SELECT max(newest.created_at) FROM planned_run JOIN run newest USING (run_id))
        ORDER BY i.halo_licence_id, r.created_at DESC, i.item_id DESC
    ),
    halo_amount AS MATERIALIZED (
        SELECT t.thing, t.first_customer, t.first_name, licence_amount(h, t.price_field) AS amount, h.billing_cycle,
            licence_is(h, t.price_field, t.after_quantity, t.after_price, t.after_billing_cycle, t.after_active)
                AS as_written,
            u.halo_licence_id IS NOT NULL AND licence_is(
                h, t.price_field, u.after_quantity, u.after_price, u.after_billing_cycle, u.after_active) AS as_undone,
            CASE WHEN licence_is(
                h, t.price_field, w.after_quantity, w.after_price, w.after_billing_cycle, w.after_active) THEN w.period
            END AS written_for
        FROM thing t
        LEFT JOIN brought_back b ON b.licence_id = t.halo_licence_id
        LEFT JOIN halo_licence h
            ON h.partner_id = p_partner_id AND h.halo_licence_id = coalesce(b.is_now, t.halo_licence_id)
        LEFT JOIN run r ON r.run_id = t.run_id
        LEFT JOIN undone u ON u.halo_licence_id = coalesce(b.is_now, t.halo_licence_id) AND u.created_at > r.created_at
        LEFT JOIN later_write w ON w.halo_licence_id = coalesce(b.is_now, t.halo_licence_id)
    ),
    -- What a person has said since then of a customer that the run left out: the next Sync goes by it.
    said AS MATERIALIZED (
        SELECT t.thing, CASE WHEN l.excluded THEN 'customer_excluded' ELSE 'not_synchronised' END AS reason
        FROM thing t JOIN run r USING (run_id)
        LEFT JOIN customer_link l ON l.partner_id = p_partner_id AND l.customer_id = t.first_customer
        WHERE t.outcome = 'skipped' AND t.reason IN ('customer_not_found', 'customer_ambiguous', 'customer_excluded')
            AND CASE WHEN l.excluded THEN t.reason <> 'customer_excluded'
                     WHEN t.reason = 'customer_excluded' THEN true
                     ELSE l.halo_client_id IS NOT NULL AND l.updated_at > r.created_at END
    ),
    shared AS MATERIALIZED (
        SELECT l.thing FROM line l GROUP BY l.thing HAVING min(l.customer_id) <> max(l.customer_id)
    ),
    share AS (
        SELECT l.thing, l.customer_id, min(l.customer_name) AS customer_name, sum(l.amount) AS billed,
            sum(sum(l.amount)) OVER (PARTITION BY l.thing ORDER BY l.customer_id) AS running,
            sum(sum(l.amount)) OVER (PARTITION BY l.thing) AS whole,
            row_number() OVER (PARTITION BY l.thing ORDER BY l.customer_id) AS place
        FROM line l JOIN shared USING (thing) GROUP BY l.thing, l.customer_id
    ),
    part AS (
        SELECT l.thing, l.customer_id, l.customer_name, billing_cycle_key(l.billing_cycle) AS cycle, l.billing_cycle,
            1 AS lines, l.amount AS billed, 0.00 AS in_halo
        FROM line l
        UNION ALL
        -- Each thing has one row at least: what bills nothing and holds nothing still has an outcome.
        SELECT h.thing, h.first_customer, h.first_name, billing_cycle_key(h.billing_cycle), h.billing_cycle, 0, 0.00,
            CASE WHEN h.thing IN (SELECT shared.thing FROM shared) THEN 0.00 ELSE h.amount END
        FROM halo_amount h WHERE h.amount <> 0 OR h.thing NOT IN (SELECT line.thing FROM line)
        UNION ALL
        SELECT s.thing, s.customer_id, s.customer_name, billing_cycle_key(h.billing_cycle), h.billing_cycle, 0, 0.00,
            CASE WHEN s.whole > 0 THEN round(h.amount * s.running / s.whole, 2)
                                       - round(h.amount * (s.running - s.billed) / s.whole, 2)
                 WHEN s.place = 1 THEN h.amount ELSE 0.00 END
        FROM share s JOIN halo_amount h USING (thing) WHERE h.amount <> 0
    ),
    both_sides AS (
        SELECT part.thing, part.customer_id, part.cycle, min(part.customer_name) AS customer_name,
            min(part.billing_cycle) AS billing_cycle, sum(part.lines) AS lines, sum(part.billed) AS billed,
            sum(part.in_halo) AS in_halo
        FROM part GROUP BY part.thing, part.customer_id, part.cycle
    ),
    compared AS (
        SELECT b.*, sum(abs(b.billed - b.in_halo)) OVER w AS off_by, sum(b.lines) OVER w AS all_lines,
            row_number() OVER w = 1 AS counted
        FROM both_sides b WINDOW w AS (PARTITION BY b.thing)
    )
    SELECT c.customer_id, c.customer_name, t.customer_ids, t.halo_client_id, t.product_code, t.licence_name,
        t.halo_licence_id, t.run_id, t.item_id, t.outcome,
        CASE WHEN t.outcome = 'pending' THEN 'in_progress'
             WHEN t.thing IN (SELECT outdated.thing FROM outdated) THEN 'not_synchronised'
             WHEN s.reason IS NOT NULL THEN s.reason
             WHEN t.outcome IS DISTINCT FROM 'synced' THEN t.reason
             WHEN c.off_by = 0 THEN NULL
             -- Synchronised for an invoice that does not count any more: the next Sync takes it away.
             WHEN t.product_code IS NOT NULL AND c.all_lines = 0 THEN 'not_synchronised'
             WHEN NOT h.as_written THEN CASE WHEN h.as_undone THEN 'undone'
                                             WHEN h.written_for > p_period THEN 'later_month'
                                             WHEN h.written_for IS NOT NULL THEN 'not_synchronised'
                                             ELSE 'edited_in_halo' END
             WHEN t.run_id IN (SELECT outdated_run.run_id FROM outdated_run) THEN 'not_synchronised'
             WHEN t.price_field = 'none' THEN 'price_left_alone'
             WHEN c.off_by <= 0.01 * (c.all_lines + 1) THEN 'rounding'
             -- A price that Halo keeps to the cent counts as kept (spec section 9); times the quantity that is money.
             WHEN c.off_by <= 0.01 * (c.all_lines + 1) + 0.005 * t.after_quantity THEN 'price_to_the_cent'
        END,
        CASE WHEN s.reason IS NULL AND t.thing NOT IN (SELECT outdated.thing FROM outdated) THEN t.detail END,
        c.billing_cycle, c.cycle, CAST(c.lines AS bigint), c.billed, c.in_halo, c.counted
    FROM compared c JOIN thing t USING (thing) JOIN halo_amount h USING (thing) LEFT JOIN said s USING (thing)
$$;
