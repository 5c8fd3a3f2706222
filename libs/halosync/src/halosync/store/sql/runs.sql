-- name: newest_invoice^
-- The invoice that a run without a named one is for.
SELECT invoice_pk, invoice_id, revision FROM invoice WHERE invoice_pk = newest_invoice(:partner_id);

-- name: month_of_run
-- The named invoice, or else the newest, as is_meant, with the others of its month; the newest first.
SELECT i.invoice_pk, i.invoice_id, i.revision, i.line_count, i.currency, i.period, i.total, i.issued_at, i.received_at,
    i.purged_at IS NOT NULL AS purged, i.invoice_pk = meant.invoice_pk AS is_meant, m.invoices AS choice, last_synced_period(:partner_id) AS last_synced
FROM (
    SELECT period, invoice_pk FROM invoice
    WHERE CASE WHEN CAST(:invoice_id AS text) IS NULL THEN invoice_pk = newest_invoice(:partner_id)
               ELSE partner_id = :partner_id AND invoice_id = :invoice_id AND superseded_by IS NULL END
) AS meant
JOIN invoice i ON i.partner_id = :partner_id AND i.period = meant.period AND i.superseded_by IS NULL
LEFT JOIN month_choice m ON m.partner_id = :partner_id AND m.period = meant.period
ORDER BY i.issued_at DESC, i.invoice_pk DESC;

-- name: insert_further_invoices!
INSERT INTO run_further_invoice (run_id, invoice_pk, line_offset)
SELECT :run_id, * FROM unnest(CAST(:invoice_pks AS bigint[]), CAST(:line_offsets AS integer[]));

-- name: is_current$
-- Whether a run is for the invoices that a new one without a named invoice would be for.
SELECT array_agg(invoice_pk ORDER BY invoice_pk) = invoices_to_sync(:partner_id) IS TRUE
FROM invoice_of_run WHERE run_id = :run_id;

-- name: seen_run^
-- A run that was looked at, beside what counts now. planned_since: a later run of the partner has made a plan.
SELECT c.tenant IS NULL OR halo_of(r.tenant) = halo_of(c.tenant) AS same_halo, r.removal, (SELECT count(*) FROM item i WHERE i.run_id = r.run_id AND i.outcome = 'held'
        AND item_waits(i.reason) = '') AS held_removals,
    (SELECT count(*) FROM item i WHERE i.run_id = r.run_id AND i.outcome = 'held' AND i.reason = 'first_review')
        AS held_for_review, p.removal AS removal_now,
    ((SELECT array_agg(invoice_pk ORDER BY invoice_pk) FROM invoice_of_run i WHERE i.run_id = r.run_id)
     = invoices_to_sync(r.partner_id)) IS TRUE AS same_invoices,
    EXISTS (SELECT FROM run later WHERE later.partner_id = r.partner_id AND later.created_at > r.created_at
            AND later.removal IS NOT NULL) AS planned_since
FROM run r JOIN partner p USING (partner_id)
LEFT JOIN connection c ON c.partner_id = r.partner_id AND c.state = 'connected'
WHERE r.run_id = :run_id AND r.partner_id = :partner_id;

-- name: connected_tenant$
SELECT tenant FROM connection WHERE partner_id = :partner_id AND state = 'connected';

-- name: hold_partner$
-- Whether the partner is paused. Until the transaction ends nothing of the partner is purged. What else is asked of the
-- partner is asked after this: a statement that has waited for the lock has the other tables as they were before.
SELECT paused_at IS NOT NULL FROM partner WHERE partner_id = :partner_id FOR KEY SHARE;

-- name: insert_run$
-- The unique index run_one_at_a_time lets one run of a partner live at a time; no row comes back when there is one.
INSERT INTO run (partner_id, invoice_pk, tenant, mode, requested_by, approve_removals, approve_review, accept_shrunk_read,
                 undoes, before_currency, redeliver_at)
VALUES (:partner_id, :invoice_pk, :tenant, :mode, :requested_by, :approve_removals, :approve_review, :accept_shrunk_read, :undoes,
        (SELECT currency FROM invoice WHERE invoice_pk = last_synced_invoice(:partner_id)), now() + interval '30 seconds')
ON CONFLICT (partner_id) WHERE state IN ('queued', 'reading', 'planning', 'writing') DO NOTHING
RETURNING run_id;

-- name: done_since$
-- A later run of the same invoice that left nothing.
SELECT later.run_id FROM run r JOIN run later USING (partner_id, invoice_pk)
WHERE r.run_id = :run_id AND later.created_at > r.created_at AND later.mode = 'apply' AND later.state = 'succeeded' LIMIT 1;

-- name: running$
SELECT run_id FROM run WHERE partner_id = :partner_id AND state IN ('queued', 'reading', 'planning', 'writing');

-- name: sync_no_longer_wanted!
-- A run for an invoice is what auto_sync wanted.
UPDATE invoice SET sync_wanted = false WHERE invoice_pk = ANY(CAST(:invoice_pks AS bigint[])) AND sync_wanted;

-- name: invoice_to_sync$
-- An invoice for which auto_sync owes a run, if it does.
SELECT invoice_id FROM owed_sync WHERE partner_id = :partner_id LIMIT 1;

-- name: partners_to_sync
-- Partners to whom auto_sync owes a run that could start now.
SELECT DISTINCT o.partner_id FROM owed_sync o JOIN connection c USING (partner_id) JOIN partner p USING (partner_id)
WHERE c.state = 'connected' AND p.paused_at IS NULL
  AND NOT EXISTS (SELECT FROM run r WHERE r.partner_id = o.partner_id
                  AND r.state IN ('queued', 'reading', 'planning', 'writing'))
LIMIT 100;

-- name: claim_run^
-- One planner at a time works on a run. A claim that has run out belongs to a planner that has died.
-- now() would be the start of the transaction; it is measured from the moment of the claim.
-- A person has seen what the newest run lacked that was not believed, until a plan is made of a list that is.
UPDATE run SET
    claim = :claim,
    claimed_until = clock_timestamp() + make_interval(secs => :claim_s),
    redeliver_at = clock_timestamp() + make_interval(secs => :claim_s),
    state = CASE WHEN state = 'queued' THEN 'reading' ELSE state END,
    started_at = coalesce(started_at, clock_timestamp())
FROM partner
WHERE run_id = :run_id AND partner.partner_id = run.partner_id AND state IN ('queued', 'reading', 'planning')
  AND (claimed_until IS NULL OR claimed_until <= clock_timestamp() OR claim = :claim)
RETURNING run.run_id, run.partner_id, run.invoice_pk, run.tenant, run.mode, run.approve_removals, run.approve_review,
    run.accept_shrunk_read, run.attempts, run.cancel_requested_at,
    (SELECT b.missing_licences FROM run b WHERE b.partner_id = run.partner_id AND halo_of(b.tenant) = halo_of(run.tenant)
        AND b.created_at < run.created_at AND (b.missing_licences IS NOT NULL OR b.removal IS NOT NULL)
        ORDER BY b.created_at DESC LIMIT 1) AS seen_missing,
    partner.rate_requests, partner.rate_window_s,
    greatest(extract(epoch FROM partner.settled_at - clock_timestamp()), 0)::float8 AS settle_wait_s;

-- name: release_run!
-- Give the run back; it is asked for again after wait_s and some grace, should the message be lost.
UPDATE run SET claim = NULL, claimed_until = NULL, attempts = :attempts,
    redeliver_at = clock_timestamp() + make_interval(secs => CAST(:wait_s AS float8) + 30)
WHERE run_id = :run_id AND claim = :claim;

-- name: begin_planning$
-- Fenced by the claim: a planner that lost it changes nothing. It is held anew: the wait for other plans may have been long.
UPDATE run SET state = 'planning', claimed_until = clock_timestamp() + make_interval(secs => :claim_s),
    redeliver_at = clock_timestamp() + make_interval(secs => :claim_s)
WHERE run_id = :run_id AND claim = :claim RETURNING run_id;

-- name: lock_claimed_run$
-- Fenced likewise, for a planner that ends its run itself.
SELECT run_id FROM run WHERE run_id = :run_id AND claim = :claim FOR UPDATE;

-- name: begin_writing$
-- Fenced likewise. The settings that the writers must follow are those the plan was made with. Returns whether another run
-- of the partner has ever written.
UPDATE run SET state = 'writing', writing_at = clock_timestamp(), claim = NULL, claimed_until = NULL,
    removal = :removal, price_field = :price_field, licence_type = :licence_type, details = :details, review = :review
WHERE run_id = :run_id AND claim = :claim AND state = 'planning' RETURNING has_written_before(run);

-- name: begin_preview$
-- As begin_writing, of a run whose planner ends it itself.
UPDATE run SET removal = :removal, price_field = :price_field, licence_type = :licence_type, details = :details,
    review = :review
WHERE run_id = :run_id AND claim = :claim RETURNING has_written_before(run);

-- name: note_missing!
-- How many known licences a read lacked that was not believed: whoever accepts the list by the next run has seen that.
UPDATE run SET missing_licences = CAST(:missing AS integer) WHERE run_id = :run_id;

-- name: finish_run$
-- The last word on a run. Only a run that still goes on can end, so it ends once.
UPDATE run SET state = :state, error_code = :error_code, error = :error, finished_at = clock_timestamp(),
    claim = NULL, claimed_until = NULL
WHERE run_id = :run_id AND state IN ('queued', 'reading', 'planning', 'writing')
RETURNING run_id;

-- name: run_standing^
-- Locked, so that of two writers that finish the last two batches exactly one sees nothing pending.
SELECT state, total, synced, skipped, held, failed, pending, created, updated, deleted, unchanged,
    cancel_requested_at, error_code, error
FROM run WHERE run_id = :run_id FOR NO KEY UPDATE;

-- name: request_cancel^
UPDATE run SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
WHERE run_id = :run_id AND partner_id = :partner_id AND state IN ('queued', 'reading', 'planning', 'writing')
RETURNING state;

-- name: cancel_asked$
-- Whether somebody had asked before; locked, so that of two who ask at once one is the first.
SELECT cancel_requested_at IS NOT NULL FROM run WHERE run_id = :run_id AND partner_id = :partner_id FOR UPDATE;

-- name: lock_run^
-- First in every transaction that changes a run and its items: one order of locks, no deadlock.
SELECT state, removal, price_field FROM run WHERE run_id = :run_id FOR UPDATE;

-- name: share_run!
-- First in a transaction that records results: beside others that do, but not beside one that has the run to itself.
SELECT FROM run WHERE run_id = :run_id FOR KEY SHARE;

-- name: note_error!
-- The run goes on only until what is in flight is known; then it ends as failed.
UPDATE run SET error_code = coalesce(error_code, :error_code), error = coalesce(error, :error) WHERE run_id = :run_id;

-- name: withdraw_waiting!
-- What is not yet sent is not sent; what is in flight is still looked after.
UPDATE item SET action_state = 'withdrawn', outcome = :outcome, reason = :reason, detail = :detail
WHERE run_id = :run_id AND action_state = 'waiting';

-- name: close_batches_without_work!
UPDATE batch SET state = 'done', redeliver_at = NULL
WHERE run_id = :run_id AND state <> 'done'
  AND NOT EXISTS (SELECT FROM item WHERE item.batch_id = batch.batch_id
                  AND item.action_state IN ('waiting', 'sending', 'unknown'));

-- name: give_up_unknown$
-- Writes whose outcome can no longer be looked up. The latest moment at which Halo may still apply one comes back.
-- A write that a living writer is still sending is left to that writer.
WITH lost AS (
    UPDATE item SET action_state = 'withdrawn', outcome = 'failed', reason = :reason, detail = :detail
    WHERE run_id = :run_id
      AND (action_state = 'unknown' OR (action_state = 'sending' AND settle_at <= clock_timestamp()))
    RETURNING settle_at
) SELECT max(settle_at) FROM lost;

-- name: not_settled_before!
UPDATE partner SET settled_at = greatest(settled_at, :settle_at) WHERE partner_id = :partner_id;

-- name: lock_due_runs
-- Runs whose message may have been lost, or whose planner died; with their invoice, whose trace they go on with.
SELECT r.run_id, r.partner_id, i.invoice_id, i.revision FROM run r JOIN invoice i USING (invoice_pk)
WHERE r.state IN ('queued', 'reading', 'planning') AND r.redeliver_at <= clock_timestamp()
ORDER BY r.redeliver_at LIMIT 100 FOR UPDATE OF r SKIP LOCKED;

-- name: redeliver_runs!
UPDATE run SET redeliver_at = clock_timestamp() + interval '30 seconds' WHERE run_id = ANY(:run_ids);

-- name: count_requests!
-- Of several transactions that record results, one at a time goes on from here.
UPDATE run SET halo_requests = halo_requests + :requests WHERE run_id = :run_id;

-- name: run_to_undo^
-- A run as whoever wants to undo it needs it. changed: Halo has something of it, or may have.
SELECT r.state, halo_of(r.tenant) = halo_of(c.tenant) AS same_halo, r.purged_at IS NOT NULL AS purged, r.mode IN ('apply', 'undo') AND EXISTS (
    SELECT FROM item i WHERE i.run_id = r.run_id AND (i.halo_licence_id IS NOT NULL OR i.reason = 'outcome_unknown')
        AND i.action IN ('create', 'update', 'delete')
        AND (i.outcome = 'synced' OR i.outcome = 'failed' AND i.reason IN ('outcome_unknown', 'not_kept'))) AS changed
FROM run r LEFT JOIN connection c ON c.partner_id = r.partner_id AND c.state = 'connected'
WHERE r.run_id = :run_id AND r.partner_id = :partner_id;

-- name: invoices_of_run
-- The invoices of a run, its first one first.
SELECT i.invoice_pk, i.invoice_id, i.revision, i.line_count, i.currency, i.period, o.line_offset
FROM invoice_of_run o JOIN invoice i USING (invoice_pk) WHERE o.run_id = :run_id ORDER BY o.line_offset;

-- name: seen_undo^
-- A preview of an undo that was looked at, beside what counts now.
SELECT r.undoes, c.tenant IS NULL OR halo_of(r.tenant) = halo_of(c.tenant) AS same_halo, r.removal, (SELECT count(*) FROM item i WHERE i.run_id = r.run_id AND i.outcome = 'held'
        AND item_waits(i.reason) = '') AS held_removals,
    p.removal AS removal_now,
    EXISTS (SELECT FROM run later WHERE later.partner_id = r.partner_id AND later.created_at > r.created_at
            AND later.removal IS NOT NULL) AS planned_since
FROM run r JOIN partner p USING (partner_id)
LEFT JOIN connection c ON c.partner_id = r.partner_id AND c.state = 'connected'
WHERE r.run_id = :run_id AND r.partner_id = :partner_id;

-- name: approve_items$
-- Releases held items of a run that was seen; returns how many of those that were named are that.
WITH released AS (
    INSERT INTO run_approved_item (run_id, item_id)
    SELECT :run_id, i.item_id FROM item i JOIN run r USING (run_id)
    WHERE r.run_id = :seen_in AND r.partner_id = :partner_id AND i.outcome = 'held'
      AND halo_of(r.tenant) = (SELECT halo_of(tenant) FROM run WHERE run_id = :run_id)
      AND i.item_id = ANY(CAST(:item_ids AS bigint[]))
    RETURNING 1
) SELECT count(*) FROM released;

-- name: carry_approvals_over!
-- What was released for a run that did not come to it is released for the one that does its rest, in the same Halo.
INSERT INTO run_approved_item (run_id, item_id)
SELECT :run_id, a.item_id FROM run_approved_item a JOIN item i USING (item_id)
JOIN run r ON r.run_id = a.run_id JOIN run now ON now.run_id = :run_id AND halo_of(now.tenant) = halo_of(r.tenant)
WHERE a.run_id = :retry_of AND NOT EXISTS (
    SELECT FROM item done WHERE done.run_id = :retry_of AND done.outcome = 'synced' AND done.action = i.action
        AND done.halo_client_id IS NOT DISTINCT FROM i.halo_client_id
        AND done.product_code IS NOT DISTINCT FROM i.product_code
        AND (done.halo_licence_id = i.halo_licence_id OR i.action = 'create'));
