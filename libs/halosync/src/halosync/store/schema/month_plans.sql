-- What a month is made of: its invoices, the runs that applied them, and by what it is closed (spec section 11).

-- The invoices of a period that count, each with the newest run that applied it and has a plan, and what that run adds to
-- the numbers of its lines. Of several runs the newest counts alone: it was made without the invoices of the others, so
-- what they left for those is not what Halo holds, and one licence would be counted for each of them.
CREATE OR REPLACE FUNCTION month_plans(p_partner_id text, p_period text)
RETURNS TABLE (invoice_pk bigint, run_id uuid, line_offset integer, price_field text) LANGUAGE sql STABLE AS $$
    WITH counting AS (
        SELECT i.invoice_pk, r.*, first_value(r.run_id) OVER (ORDER BY r.created_at DESC NULLS LAST, r.run_id) AS newest
        FROM unnest(invoices_that_count(p_partner_id, p_period)) AS i (invoice_pk)
        LEFT JOIN LATERAL (
            SELECT run.run_id, of.line_offset, run.price_field, run.created_at FROM invoice_of_run of JOIN run USING (run_id)
            WHERE of.invoice_pk = i.invoice_pk AND run.mode = 'apply' AND run.total > 0
            ORDER BY run.created_at DESC, run.run_id LIMIT 1) AS r ON true
    )
    SELECT invoice_pk, CASE WHEN run_id = newest THEN run_id END, CASE WHEN run_id = newest THEN line_offset END,
        CASE WHEN run_id = newest THEN price_field END
    FROM counting
$$;

-- The number of the closing by which a month is closed; NULL: it is open. A new revision of an invoice opens it again, and
-- so does an undo of any of its runs, unless it surely changed nothing: what was certified is not in Halo any more.
CREATE OR REPLACE FUNCTION standing_closing(p_partner_id text, p_period text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT c.number FROM month_closing c
    WHERE c.partner_id = p_partner_id AND c.period = p_period
      AND c.number = (SELECT max(number) FROM month_closing WHERE partner_id = p_partner_id AND period = p_period)
      AND c.invoice_pks = (
          SELECT array_agg(p.invoice_pk ORDER BY p.invoice_pk) FROM month_plans(p_partner_id, p_period) AS p)
      AND NOT EXISTS (
          SELECT FROM invoice_of_run o JOIN run r USING (run_id)
          WHERE o.invoice_pk = ANY (c.invoice_pks) AND r.mode = 'undo' AND r.created + r.updated + r.deleted + r.failed > 0
            AND coalesce(r.finished_at, 'infinity') > c.closed_at)
$$;
