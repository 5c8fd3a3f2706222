-- What the report API needs to answer quickly for invoices of 100,000 lines.

-- Which item answers for which line of the invoice: item.line_nos turned round. A page of lines finds its items by
-- primary key; without this it would unnest every item of the run. Only for runs that apply: a preview's outcome is
-- never shown beside a line. No foreign keys: the trigger is its only writer, and 100,000 checks would slow planning.
CREATE TABLE item_line (
    run_id      uuid NOT NULL,
    line_no     integer NOT NULL,
    item_id     bigint NOT NULL,
    PRIMARY KEY (run_id, line_no)
);
CREATE FUNCTION item_line_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item_line (run_id, line_no, item_id)
    SELECT a.run_id, line_no, a.item_id
    FROM added a JOIN run USING (run_id) CROSS JOIN LATERAL unnest(a.line_nos) AS line_no
    WHERE run.mode = 'apply'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER item_line_insert AFTER INSERT ON item
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_line_insert();

-- Lines that set no licence are few and are skipped without an item of their own.
CREATE INDEX invoice_line_not_recurring ON invoice_line (invoice_pk, line_no) WHERE kind <> 'recurring';

-- The newest run of an invoice.
CREATE INDEX run_invoice ON run (invoice_pk, created_at DESC);

-- How many batches of a run are done, for the estimate of the time left.
CREATE INDEX batch_run ON batch (run_id);
