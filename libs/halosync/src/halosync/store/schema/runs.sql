-- A run as people and programs look at it: the row and what they want to know of its invoice. Simple enough for Postgres
-- to write it into the statement itself: a filter on the run's columns uses the indexes of `run`.
DROP VIEW IF EXISTS run_view;
CREATE VIEW run_view AS
SELECT r.run_id, r.partner_id, r.invoice_pk, i.invoice_id, i.revision, i.period, i.currency,
    coalesce(r.before_currency, i.currency) AS before_currency,
    i.superseded_by IS NOT NULL AS superseded,
    r.mode, r.state, r.requested_by, r.approve_removals, r.approve_review, r.accept_shrunk_read, r.removal, r.undoes,
    r.created_at, r.started_at, r.finished_at, r.cancel_requested_at, r.error_code, r.error, r.halo_requests,
    r.total, r.synced, r.skipped, r.held, r.failed, r.pending, r.created, r.updated, r.deleted, r.unchanged
FROM run r JOIN invoice i USING (invoice_pk);

-- All invoices that a run is for, the newest first. No column of the view: the processes of the version before know all of
-- those by name.
CREATE OR REPLACE FUNCTION run_invoice_ids(p_run_id uuid, p_newest text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_prepend(p_newest, ARRAY(
        SELECT v.invoice_id FROM run_further_invoice f JOIN invoice v USING (invoice_pk)
        WHERE f.run_id = p_run_id ORDER BY f.line_offset))
$$;

-- Whether another run of the same partner has ever come to writing: else there is nothing that one could have left.
CREATE OR REPLACE FUNCTION has_written_before(r run) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM run o WHERE o.partner_id = r.partner_id AND o.run_id <> r.run_id
                   AND o.writing_at IS NOT NULL)
$$;

-- The newest undo of a run by which something that the run did does not stand any more.
CREATE OR REPLACE FUNCTION undone_by(p_run_id uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT u.run_id FROM run u
    WHERE u.undoes = p_run_id AND u.mode = 'undo' AND EXISTS (
        SELECT FROM item done JOIN item back ON back.undoes_item_id = done.item_id
        WHERE done.run_id = p_run_id AND done.undone IS NOT NULL AND back.run_id = u.run_id
          AND back.undone IS DISTINCT FROM 'undone')
    ORDER BY u.created_at DESC LIMIT 1
$$;
