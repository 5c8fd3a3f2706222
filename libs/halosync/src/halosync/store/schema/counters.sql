-- Counters equal the rows at every moment because the same statement changes both (spec section 4). A change that
-- moves no item between outcomes, such as a mark, does not touch the run and so never waits for its lock.
CREATE OR REPLACE FUNCTION item_count_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE run SET
        synced    = run.synced    + d.synced,
        skipped   = run.skipped   + d.skipped,
        held      = run.held      + d.held,
        failed    = run.failed    + d.failed,
        pending   = run.pending   + d.pending,
        created   = run.created   + d.created,
        updated   = run.updated   + d.updated,
        deleted   = run.deleted   + d.deleted,
        unchanged = run.unchanged + d.unchanged
    FROM (
        SELECT run_id,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced'), 0) AS synced,
            coalesce(sum(w) FILTER (WHERE outcome = 'skipped'), 0) AS skipped,
            coalesce(sum(w) FILTER (WHERE outcome = 'held'), 0) AS held,
            coalesce(sum(w) FILTER (WHERE outcome = 'failed'), 0) AS failed,
            coalesce(sum(w) FILTER (WHERE outcome = 'pending'), 0) AS pending,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced' AND action = 'create'), 0) AS created,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced' AND action = 'update'), 0) AS updated,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced' AND action = 'delete'), 0) AS deleted,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced' AND action = 'unchanged'), 0) AS unchanged
        FROM (
            SELECT run_id, outcome, action, sum(w) AS w
            FROM (SELECT run_id, outcome, action, 1 AS w FROM added
                  UNION ALL SELECT run_id, outcome, action, -1 FROM gone) AS change
            GROUP BY run_id, outcome, action HAVING sum(w) <> 0
        ) AS moved
        GROUP BY run_id
    ) AS d
    WHERE run.run_id = d.run_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION item_count_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE run SET
        total     = run.total     + d.total,
        synced    = run.synced    + d.synced,
        skipped   = run.skipped   + d.skipped,
        held      = run.held      + d.held,
        failed    = run.failed    + d.failed,
        pending   = run.pending   + d.pending,
        unchanged = run.unchanged + d.synced        -- a plan's only synced items are the unchanged ones
    FROM (
        SELECT run_id,
            count(*) AS total,
            count(*) FILTER (WHERE outcome = 'synced') AS synced,
            count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
            count(*) FILTER (WHERE outcome = 'held') AS held,
            count(*) FILTER (WHERE outcome = 'failed') AS failed,
            count(*) FILTER (WHERE outcome = 'pending') AS pending
        FROM added GROUP BY run_id
    ) AS d
    WHERE run.run_id = d.run_id;
    -- Plans alone skip an item for want of a client, and what is skipped stays so.
    IF NOT EXISTS (SELECT FROM added WHERE outcome = 'skipped'
                   AND reason IN ('customer_not_found', 'customer_ambiguous')) THEN
        RETURN NULL;
    END IF;
    UPDATE run SET
        unmatched_customers = run.unmatched_customers + d.customers,
        unmatched_amount    = run.unmatched_amount    + d.amount
    FROM (
        WITH skipped AS MATERIALIZED (
            SELECT run_id, unnest(line_nos) AS line_no FROM added
            WHERE outcome = 'skipped' AND reason IN ('customer_not_found', 'customer_ambiguous')
        ), line AS MATERIALIZED (
            SELECT r.run_id, l.* FROM (SELECT DISTINCT run_id FROM skipped) AS r CROSS JOIN LATERAL recurring_lines(r.run_id) AS l
        )
        SELECT run_id, count(DISTINCT customer_id) AS customers, sum(amount) AS amount
        FROM skipped JOIN line USING (run_id, line_no) GROUP BY run_id
    ) AS d
    WHERE run.run_id = d.run_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER item_count_inserted AFTER INSERT ON item
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_count_inserted();
CREATE OR REPLACE TRIGGER item_count_updated AFTER UPDATE ON item
    REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_count_updated();

-- By trigger: whoever marks an action, the number of its marks never runs backwards.
CREATE OR REPLACE FUNCTION item_count_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.mark_no := OLD.mark_no + 1;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER item_count_mark BEFORE UPDATE OF action_state ON item
    FOR EACH ROW WHEN (NEW.action_state = 'sending' AND OLD.action_state IS DISTINCT FROM 'sending')
    EXECUTE FUNCTION item_count_mark();
