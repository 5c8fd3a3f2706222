-- What becomes of the lines of an invoice. item_line is item.line_nos turned round.

CREATE OR REPLACE FUNCTION item_line_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item_line (run_id, line_no, item_id)
    SELECT a.run_id, line_no, a.item_id
    FROM added a JOIN run USING (run_id) CROSS JOIN LATERAL unnest(a.line_nos) AS line_no
    WHERE run.mode = 'apply'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER item_line_insert AFTER INSERT ON item
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_line_insert();

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
