-- Which invoice counts (spec section 9, "Which invoice"). Whoever needs the newest invoice, the invoices of a Sync, or
-- what auto_sync owes, asks here.

-- The newest invoice of a partner that none supersedes: by the month that it bills, then by when it was issued; of two
-- that were issued at once the one that came later. By the index invoice_newest.
CREATE OR REPLACE FUNCTION newest_invoice(p_partner_id text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT invoice_pk FROM invoice WHERE partner_id = p_partner_id AND superseded_by IS NULL
    ORDER BY period DESC, issued_at DESC, invoice_pk DESC LIMIT 1
$$;

-- The invoice that was synchronised last: of the newest run that came to write. NULL before the first.
CREATE OR REPLACE FUNCTION last_synced_invoice(p_partner_id text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT invoice_pk FROM run
    WHERE partner_id = p_partner_id AND mode = 'apply' AND writing_at IS NOT NULL
    ORDER BY created_at DESC, run_id LIMIT 1
$$;

-- Its month.
CREATE OR REPLACE FUNCTION last_synced_period(p_partner_id text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT period FROM invoice WHERE invoice_pk = last_synced_invoice(p_partner_id)
$$;

-- The invoices that a month is made of: the newest, and with it the others of its currency where a person has said that
-- they count together: amounts in two currencies are never added up. NULL: the month has none.
CREATE OR REPLACE FUNCTION invoices_that_count(p_partner_id text, p_period text) RETURNS bigint[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(i.invoice_pk ORDER BY i.invoice_pk)
    FROM (
        SELECT invoice_pk, row_number() OVER newest AS place, currency = first_value(currency) OVER newest AS adds_up
        FROM invoice WHERE partner_id = p_partner_id AND period = p_period AND superseded_by IS NULL
        WINDOW newest AS (ORDER BY issued_at DESC, invoice_pk DESC)
    ) AS i
    LEFT JOIN month_choice m ON m.partner_id = p_partner_id AND m.period = p_period
    WHERE i.place = 1 OR (m.invoices = 'together' AND i.adds_up)
$$;

-- The invoices that a Sync without a named one is for.
CREATE OR REPLACE FUNCTION invoices_to_sync(p_partner_id text) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT invoices_that_count(p_partner_id, period) FROM invoice WHERE invoice_pk = newest_invoice(p_partner_id)
$$;

-- Every invoice of a run, with what is added to the numbers of its lines there.
DROP VIEW IF EXISTS invoice_of_run;
CREATE VIEW invoice_of_run AS
SELECT run_id, invoice_pk, 0 AS line_offset FROM run
UNION ALL
SELECT run_id, invoice_pk, line_offset FROM run_further_invoice;

-- Invoices for which auto_sync has yet to start a run that it may start by itself: of the newest month, not of one older
-- than what was synchronised last (its quantities are old), and where there are several, as a person has said.
DROP VIEW IF EXISTS owed_sync;
CREATE VIEW owed_sync AS
SELECT i.partner_id, i.invoice_id
FROM invoice i JOIN partner p USING (partner_id)
JOIN invoice newest ON newest.invoice_pk = newest_invoice(i.partner_id) AND newest.period = i.period
LEFT JOIN month_choice m ON m.partner_id = i.partner_id AND m.period = i.period
WHERE i.sync_wanted AND i.superseded_by IS NULL AND i.line_count > 0 AND p.auto_sync
  AND i.period >= coalesce(last_synced_period(i.partner_id), '')
  AND (m.invoices = 'together' OR i.invoice_pk = newest.invoice_pk)
  AND (m.invoices IS NOT NULL
       OR NOT EXISTS (SELECT FROM invoice other WHERE other.partner_id = i.partner_id AND other.period = i.period
                      AND other.superseded_by IS NULL AND other.invoice_pk <> i.invoice_pk))
  AND NOT EXISTS (SELECT FROM invoice other WHERE other.partner_id = i.partner_id AND other.period = i.period
                  AND other.superseded_by IS NULL AND m.invoices = 'together'
                  AND (other.line_count = 0 OR other.currency <> i.currency));

-- What the recurring lines of an invoice bill, kept with it: pages about all partners do not add up everybody's lines.
-- There is no line without its invoice: the row is locked, so it is there for as long as the transaction lasts.
CREATE OR REPLACE FUNCTION invoice_line_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    homeless boolean;
BEGIN
    WITH d AS MATERIALIZED (
        SELECT invoice_pk, coalesce(sum(round(quantity * unit_price, 2)) FILTER (WHERE kind = 'recurring'), 0) AS amount
        FROM added GROUP BY invoice_pk
    ), counted AS (
        UPDATE invoice SET recurring = recurring + d.amount FROM d WHERE invoice.invoice_pk = d.invoice_pk RETURNING 1
    )
    SELECT (SELECT count(*) FROM d) > (SELECT count(*) FROM counted) INTO homeless;
    IF homeless THEN
        RAISE foreign_key_violation USING MESSAGE = 'a line of an invoice that is not there';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER invoice_line_insert AFTER INSERT ON invoice_line
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION invoice_line_insert();

-- An invoice goes with its lines.
CREATE OR REPLACE FUNCTION invoice_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM invoice_line WHERE invoice_pk = OLD.invoice_pk;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER invoice_delete AFTER DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION invoice_delete();
