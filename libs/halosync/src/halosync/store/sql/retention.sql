-- Old months are taken away in two steps: their invoices and runs are retired, partner by partner, and then emptied in small
-- pieces. An invoice, a run and its counters stay for good, and so does all that a Sync goes by: what halosync owns in Halo,
-- links, settings, acceptances, certificates, the audit log.

-- name: lock_to_purge$
-- Nobody starts a run of the partner, or takes in an invoice of it, until the transaction ends. A partner that is busy is
-- passed over.
SELECT true FROM partner WHERE partner_id = :partner_id FOR UPDATE SKIP LOCKED;

-- name: lock_to_remove$
SELECT name FROM partner WHERE partner_id = :partner_id FOR UPDATE;

-- name: open_run$
SELECT run_id FROM run WHERE partner_id = :partner_id AND state IN ('queued', 'reading', 'planning', 'writing');

-- name: purge_horizon^
-- What is older than both may go. Not the month of the newest invoice and of the last Sync, however old, and nothing after
-- the oldest run of a month that is kept; nor what pages take from the newest plan. So what goes is always the beginning
-- of a partner's history: a later run never goes before an earlier one whose unsure creates it has resolved.
SELECT kept.period, least(
    CAST(CAST(:before AS text) || '-01 00:00Z' AS timestamptz),
    (SELECT min(r.created_at) FROM run r JOIN invoice_of_run o USING (run_id) JOIN invoice i ON i.invoice_pk = o.invoice_pk
     WHERE r.partner_id = :partner_id AND i.period >= kept.period),
    (SELECT created_at FROM run WHERE partner_id = :partner_id AND removal IS NOT NULL
     ORDER BY created_at DESC, run_id LIMIT 1)
) AS at
FROM (SELECT least((SELECT period FROM invoice WHERE invoice_pk = newest_invoice(:partner_id)),
                   last_synced_period(:partner_id), :before) AS period) AS kept;

-- name: purge_resolved_creates!
-- Creates of which nobody could find out what became, and whose product's licence a later run knew: before that run may go.
-- The others are kept for good: they keep a Sync from making a licence twice.
DELETE FROM item i USING run r
WHERE r.run_id = i.run_id AND r.partner_id = :partner_id AND r.created_at < :horizon
  AND i.action = 'create' AND i.reason = 'outcome_unknown' AND i.restores_licence_id IS NULL
  AND EXISTS (SELECT FROM run later JOIN item j ON j.run_id = later.run_id AND j.outcome = 'synced'
        AND j.halo_client_id = i.halo_client_id AND j.product_code = i.product_code AND j.halo_licence_id IS NOT NULL
    WHERE later.partner_id = :partner_id AND halo_of(later.tenant) = halo_of(r.tenant) AND later.created_at > r.created_at);

-- name: retire_old_runs
-- All but those of which a run that is kept has released held items.
UPDATE run SET purged_at = clock_timestamp()
WHERE partner_id = :partner_id AND purged_at IS NULL AND created_at < :horizon
  AND NOT EXISTS (
    SELECT FROM item i JOIN run_approved_item a USING (item_id) JOIN run later ON later.run_id = a.run_id
    WHERE i.run_id = run.run_id AND i.outcome = 'held' AND later.created_at >= :horizon)
RETURNING run_id;

-- name: retire_old_invoices
-- Those of whose runs none is kept.
UPDATE invoice SET purged_at = clock_timestamp()
WHERE partner_id = :partner_id AND purged_at IS NULL AND period < :period AND received_at < :horizon
  AND NOT EXISTS (SELECT FROM invoice_of_run o JOIN run r USING (run_id)
                  WHERE o.invoice_pk = invoice.invoice_pk AND r.purged_at IS NULL)
RETURNING invoice_pk;

-- name: retire_old_previews
-- Previews are looked at for days. Not the newest plan of the partner, which pages show, nor what a run has approved; and
-- none of a partner with unsure creates, because a preview may be what knows their licences.
UPDATE run SET purged_at = clock_timestamp()
WHERE partner_id = :partner_id AND purged_at IS NULL AND mode IN ('preview', 'undo_preview')
  AND finished_at < clock_timestamp() - make_interval(days => :days)
  AND EXISTS (SELECT FROM run newer WHERE newer.partner_id = :partner_id AND newer.removal IS NOT NULL
              AND newer.created_at > run.created_at)
  AND NOT EXISTS (SELECT FROM item i JOIN run_approved_item a USING (item_id)
                  WHERE i.run_id = run.run_id AND i.outcome = 'held')
  AND NOT EXISTS (SELECT FROM run r JOIN item i USING (run_id) WHERE r.partner_id = :partner_id
                  AND i.action = 'create' AND i.reason = 'outcome_unknown')
RETURNING run_id;

-- name: retire_whole_partner
-- For a partner that is removed: every run.
UPDATE run SET purged_at = coalesce(purged_at, clock_timestamp()) WHERE partner_id = :partner_id RETURNING run_id;

-- name: retire_whole_partners_invoices
UPDATE invoice SET purged_at = coalesce(purged_at, clock_timestamp()) WHERE partner_id = :partner_id RETURNING invoice_pk;

-- name: add_to_purge!
INSERT INTO purge_left (run_id, invoice_pk)
SELECT run_id, NULL FROM unnest(CAST(:run_ids AS uuid[])) AS run_id
UNION ALL SELECT NULL, invoice_pk FROM unnest(CAST(:invoice_pks AS bigint[])) AS invoice_pk;

-- name: next_to_purge^
-- Whoever is first empties it; what another process is emptying is passed over.
SELECT l.purge_id, l.run_id, l.invoice_pk FROM purge_left l
WHERE CAST(:partner_id AS text) IS NULL
   OR l.run_id IN (SELECT run_id FROM run WHERE partner_id = :partner_id)
   OR l.invoice_pk IN (SELECT invoice_pk FROM invoice WHERE partner_id = :partner_id)
ORDER BY l.purge_id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: purge_item_lines$
WITH old AS (SELECT run_id, line_no FROM item_line WHERE run_id = :run_id LIMIT :most),
gone AS (DELETE FROM item_line m USING old WHERE m.run_id = old.run_id AND m.line_no = old.line_no RETURNING 1)
SELECT count(*) FROM gone;

-- name: purge_approved$
WITH gone AS (DELETE FROM run_approved_item a USING item i
              WHERE i.run_id = :run_id AND i.outcome = 'held' AND a.item_id = i.item_id RETURNING 1),
     own AS (DELETE FROM run_approved_item WHERE run_id = :run_id RETURNING 1)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM own);

-- name: purge_items$
-- What undos have brought back stays: the deleted licence has another id now. So do unsure creates (purge_resolved_creates).
WITH old AS (
    SELECT item_id FROM item WHERE run_id = :run_id
      AND restores_licence_id IS NULL AND NOT (action = 'create' AND reason IS NOT DISTINCT FROM 'outcome_unknown')
    LIMIT :most),
gone AS (DELETE FROM item USING old WHERE item.item_id = old.item_id RETURNING 1)
SELECT count(*) FROM gone;

-- name: purge_batches$
WITH old AS (SELECT batch_id FROM batch WHERE run_id = :run_id
             AND NOT EXISTS (SELECT FROM item WHERE item.batch_id = batch.batch_id) LIMIT :most),
gone AS (DELETE FROM batch USING old WHERE batch.batch_id = old.batch_id RETURNING 1)
SELECT count(*) FROM gone;

-- name: purge_lines$
WITH old AS (SELECT invoice_pk, line_no FROM invoice_line WHERE invoice_pk = :invoice_pk LIMIT :most),
gone AS (DELETE FROM invoice_line l USING old WHERE l.invoice_pk = old.invoice_pk AND l.line_no = old.line_no RETURNING 1)
SELECT count(*) FROM gone;

-- name: is_purged!
DELETE FROM purge_left WHERE purge_id = :purge_id;

-- name: drop_finished_bodies$
-- Of dead letters that were replayed or discarded. The rows stay, with their size.
WITH gone AS (
    UPDATE dead_letter SET whole_size = coalesce(whole_size, octet_length(body)), body = ''
    WHERE state <> 'kept' AND closed_at < clock_timestamp() - make_interval(days => :days) AND octet_length(body) > 0
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: partner_to_remove^
-- Shared also with one whose connection is broken or cut: it may be connected again, and clean up then.
SELECT coalesce(c.state, 'disconnected') AS connection, (
    SELECT min(o.partner_id) FROM connection o JOIN partner other USING (partner_id)
    WHERE o.partner_id <> p.partner_id AND halo_of(o.tenant) = halo_of(c.tenant) AND other.cleanup <> 'owned'
) AS shares_with
FROM partner p LEFT JOIN connection c USING (partner_id) WHERE p.partner_id = :partner_id;

-- name: remove_partner!
-- What belongs to it and is small goes with it: also what a purge keeps because a Sync goes by it. Not before, because a
-- removal that is broken off leaves a partner that may be resumed.
DELETE FROM partner WHERE partner_id = :partner_id;
