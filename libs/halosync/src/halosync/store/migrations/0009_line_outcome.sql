-- What became of a line of an invoice, from what became of the item that answers for it. A line that is not recurring is
-- skipped whatever became of its product (spec section 3, "Items"); before there is a run nothing became of any line.
-- One truth for every statement that filters, counts or sorts by outcome. Simple enough for Postgres to write it into
-- the statement itself, so it costs nothing.
CREATE FUNCTION line_outcome(kind text, run_id uuid, item_outcome text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN run_id IS NULL THEN NULL WHEN kind = 'recurring' THEN item_outcome ELSE 'skipped' END
$$;
CREATE FUNCTION line_reason(kind text, run_id uuid, item_reason text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN run_id IS NULL THEN NULL WHEN kind = 'recurring' THEN item_reason ELSE 'not_recurring' END
$$;
