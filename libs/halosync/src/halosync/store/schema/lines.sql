-- What becomes of the lines of an invoice. item_line is item.line_nos turned round.

-- What the recurring lines of a run's invoices bill, by the numbers that they have in the run. A function of its own, which
-- Postgres does not write into a statement: it is called once for a run, and finds the lines by their invoice. OFFSET 0: else
-- Postgres goes through the lines of everybody's invoices where there are many small ones.
CREATE OR REPLACE FUNCTION recurring_lines(p_run_id uuid)
RETURNS TABLE (line_no integer, customer_id text, amount numeric) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT l.line_no + of.line_offset, l.customer_id, round(l.quantity * l.unit_price, 2)
        FROM invoice_of_run of CROSS JOIN LATERAL (
            SELECT * FROM invoice_line WHERE invoice_pk = of.invoice_pk AND kind = 'recurring' OFFSET 0) AS l
        WHERE of.run_id = p_run_id;
END $$;

CREATE OR REPLACE FUNCTION item_line_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item_line (run_id, line_no, item_id, amount)
    WITH planned AS MATERIALIZED (SELECT DISTINCT run_id FROM added JOIN run USING (run_id) WHERE run.mode = 'apply'),
    line AS MATERIALIZED (SELECT planned.run_id, l.* FROM planned CROSS JOIN LATERAL recurring_lines(planned.run_id) AS l)
    SELECT a.run_id, a.line_no, a.item_id, coalesce(line.amount, 0)
    FROM (SELECT added.run_id, added.item_id, unnest(added.line_nos) AS line_no FROM added) AS a
    JOIN planned USING (run_id) LEFT JOIN line USING (run_id, line_no)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER item_line_insert AFTER INSERT ON item
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_line_insert();

-- Items as they stand by now: what an undo has put back is not synchronised any more, and what was told of it is past.
-- The item itself goes on saying what its run did; its lines say this (decision 16).
DROP VIEW IF EXISTS standing_item;
CREATE VIEW standing_item AS
SELECT run_id, item_id, line_nos, action,
    CASE undone WHEN 'undone' THEN 'skipped' WHEN 'unsure' THEN 'failed' ELSE outcome END AS outcome,
    CASE WHEN undone IS NULL THEN reason ELSE 'undone' END AS reason,
    CASE WHEN undone IS NULL THEN detail END AS detail,
    undone, before_quantity, before_price, before_billing_cycle, before_active,
    after_quantity, after_price, after_billing_cycle, after_active
FROM item;

-- An undo of an item changes what is true of it; the undo of that undo makes it true again, and so on. What Halo did not
-- keep as the undo wanted it, or what nobody could find out, leaves all of them unsure; what Halo kept as it was changes
-- nothing.
CREATE OR REPLACE FUNCTION item_undo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH RECURSIVE chain AS (
        SELECT NEW.undoes_item_id AS item_id, 1 AS place
        UNION ALL
        SELECT i.undoes_item_id, chain.place + 1 FROM chain JOIN item i USING (item_id) WHERE i.undoes_item_id IS NOT NULL
    )
    UPDATE item SET undone = CASE WHEN NEW.outcome = 'failed' THEN 'unsure' WHEN chain.place % 2 = 1 THEN 'undone' END
    FROM chain WHERE item.item_id = chain.item_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER item_undo_inserted AFTER INSERT ON item
    FOR EACH ROW WHEN (NEW.undoes_item_id IS NOT NULL AND NEW.outcome = 'synced') EXECUTE FUNCTION item_undo();
CREATE OR REPLACE TRIGGER item_undo_updated AFTER UPDATE OF outcome ON item
    FOR EACH ROW WHEN (
        NEW.undoes_item_id IS NOT NULL AND NEW.outcome IS DISTINCT FROM OLD.outcome
        AND (NEW.outcome = 'synced' OR NEW.outcome = 'failed' AND (
            NEW.reason = 'outcome_unknown'
            OR NEW.reason = 'not_kept'
               AND (NEW.before_quantity, NEW.before_price, NEW.before_billing_cycle, NEW.before_active)
                   IS DISTINCT FROM (NEW.after_quantity, NEW.after_price, NEW.after_billing_cycle, NEW.after_active))))
    EXECUTE FUNCTION item_undo();

-- What became of a line of an invoice, from what became of the item that answers for it. A line that is not recurring is
-- skipped whatever became of its product (spec section 3, "Items"); before there is a run nothing became of any line.
-- One truth for every statement that filters, counts or sorts by outcome. Simple enough for Postgres to write it into
-- the statement itself, so it costs nothing.
CREATE OR REPLACE FUNCTION line_outcome(kind text, run_id uuid, item_outcome text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN run_id IS NULL THEN NULL WHEN kind = 'recurring' THEN item_outcome ELSE 'skipped' END
$$;
CREATE OR REPLACE FUNCTION line_reason(kind text, run_id uuid, item_reason text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN run_id IS NULL THEN NULL WHEN kind = 'recurring' THEN item_reason ELSE 'not_recurring' END
$$;

-- The item that answers for a line, by key. LIMIT 1 keeps a page of lines a walk that looks up each line's item: right
-- after a big invoice was stored Postgres has no statistics, and plans that join whole tables take seconds.
DROP FUNCTION IF EXISTS line_item;
CREATE FUNCTION line_item(p_run_id uuid, p_line_no integer)
RETURNS TABLE (
    item_id bigint, action text, outcome text, reason text, detail text, undone text,
    before_quantity numeric, before_price numeric, before_billing_cycle text, before_active boolean,
    after_quantity numeric, after_price numeric, after_billing_cycle text, after_active boolean
) LANGUAGE sql STABLE AS $$
    SELECT i.item_id, i.action, i.outcome, i.reason, i.detail, i.undone,
        i.before_quantity, i.before_price, i.before_billing_cycle, i.before_active,
        i.after_quantity, i.after_price, i.after_billing_cycle, i.after_active
    FROM item_line m JOIN standing_item i USING (item_id)
    WHERE m.run_id = p_run_id AND m.line_no = p_line_no LIMIT 1
$$;

-- What the text filter of lines looks at, in small letters, besides the reason.
CREATE OR REPLACE FUNCTION line_text(
    customer_name text, product_code text, product_name text, customer_id text, line_id text
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT lower(concat_ws(chr(10), customer_name, product_code, product_name, customer_id, line_id))
$$;

-- Whether a line fits the text filter: the text is in a name, a code, the reason or the detail, or what became of it is
-- told on the page in words that have the text. No pattern: it fits.
CREATE OR REPLACE FUNCTION line_fits(
    pattern text, told text[], line_text text, kind text, run_id uuid, reason text, detail text, undone text
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT pattern IS NULL OR line_text LIKE lower(pattern)
        OR lower(concat_ws(chr(10), line_reason(kind, run_id, reason), CASE WHEN kind = 'recurring' THEN detail END))
           LIKE lower(pattern)
        OR CASE WHEN kind = 'recurring' THEN undone ELSE line_reason(kind, run_id, NULL) END = ANY(told)
$$;
