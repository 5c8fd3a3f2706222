-- name: plan_settings^
SELECT removal, cleanup, price_field, guard_max_count, guard_max_fraction, adopt_foreign, billing_cycles, licence_type,
    details, on_drift
FROM partner WHERE partner_id = :partner_id;

-- name: plan_standing^
-- The settings that shape a plan, and what else one row tells. is_known: this Halo was read before. review_due: the first
-- review of this Halo is still to be done (spec section 9); another tenant begins anew. The others say which of the further
-- questions have an answer at all, because for most runs none has: each costs more to ask than to answer.
SELECT p.removal, p.cleanup, p.price_field, p.guard_max_count, p.guard_max_fraction, p.adopt_foreign, p.billing_cycles,
    p.licence_type, p.details, p.on_drift,
    s.tenant IS NOT NULL AS is_known, p.review_first_sync AND s.reviewed_at IS NULL AS review_due,
    ARRAY(SELECT k.halo_licence_id FROM kept_licence k
          WHERE k.partner_id = p.partner_id AND halo_of(k.tenant) = halo_of(:tenant)) AS kept,
    EXISTS (SELECT FROM halo_snapshot o WHERE o.partner_id <> p.partner_id AND o.tenant = ANY (CAST((SELECT halo_names(:tenant)) AS text[]))) AS is_shared,
    EXISTS (SELECT FROM run r WHERE r.run_id = :run_id AND r.undoes IS NOT NULL) AS undoes,
    EXISTS (SELECT FROM run_approved_item a WHERE a.run_id = :run_id) AS has_approvals,
    EXISTS (SELECT FROM customer_link l WHERE l.partner_id = p.partner_id) AS has_customer_links,
    EXISTS (SELECT FROM product_link l WHERE l.partner_id = p.partner_id) AS has_product_links,
    EXISTS (SELECT FROM run r WHERE r.partner_id = p.partner_id AND r.writing_at IS NOT NULL) AS has_written
FROM partner p LEFT JOIN halo_snapshot s ON s.partner_id = p.partner_id AND halo_of(s.tenant) = halo_of(:tenant)
WHERE p.partner_id = :partner_id;

-- name: plan_rows$
-- How much a plan has to hold in memory.
SELECT i.line_count + (SELECT count(*) FROM halo_read_client c WHERE c.read_id = :read_id)
    + (SELECT count(*) FROM halo_read_licence l WHERE l.read_id = :read_id)
    + (SELECT coalesce(sum(further.line_count), 0) FROM run_further_invoice f JOIN invoice further USING (invoice_pk)
       WHERE f.run_id = :read_id)
FROM invoice i WHERE i.invoice_pk = :invoice_pk;

-- name: clients_read
SELECT halo_client_id, name, inactive FROM halo_read_client WHERE read_id = :read_id;

-- name: licences_read
SELECT halo_licence_id, halo_client_id, name, quantity, price, purchase_price, billing_cycle, is_active,
    foreign_mark, licence_type, stamp, product_sku
FROM halo_read_licence WHERE read_id = :read_id AND NOT deleted;

-- name: unsure_creates
-- Creates of which nobody could find out what became. They are kept for ever.
SELECT i.run_id, i.item_id, i.halo_client_id, i.halo_licence_id, i.product_code, i.set_name, i.restores_licence_id,
    i.owned_after, r.details OR i.restores_licence_id IS NOT NULL AS is_stamped, r.writing_at
FROM item i JOIN run r USING (run_id)
WHERE r.partner_id = :partner_id AND halo_of(r.tenant) = halo_of(:tenant) AND i.action = 'create' AND i.reason = 'outcome_unknown';

-- name: first_seen
-- Of these licences, those that were known before the read, and since when; null: halosync wrote it, or nobody knows.
SELECT halo_licence_id, CASE WHEN NOT owned THEN first_seen_at END AS first_seen_at
FROM licence_memory WHERE partner_id = :partner_id AND halo_licence_id = ANY(:licence_ids);

-- name: resolved_creates
-- Of these creates, those whose product's licence a later run knew: one look into item_product for each later run.
SELECT i.item_id FROM item i JOIN run r USING (run_id)
WHERE i.item_id = ANY(:item_ids) AND EXISTS (
    SELECT FROM run later JOIN item j ON j.run_id = later.run_id AND j.outcome = 'synced'
        AND j.halo_client_id = i.halo_client_id AND j.product_code = i.product_code AND j.halo_licence_id IS NOT NULL
    WHERE later.partner_id = :partner_id AND halo_of(later.tenant) = halo_of(r.tenant) AND later.created_at > r.created_at);

-- name: restored_licences
-- What undos have brought back in this tenant, also where Halo kept something else or its answer was lost but for the id;
-- the newest last.
SELECT i.restores_licence_id, i.halo_licence_id FROM item i JOIN run r USING (run_id)
WHERE r.partner_id = :partner_id AND halo_of(r.tenant) = halo_of(:tenant) AND i.restores_licence_id IS NOT NULL
  AND i.halo_licence_id IS NOT NULL AND i.action = 'create'
  AND (i.outcome = 'synced' OR i.reason IN ('outcome_unknown', 'not_kept'))
ORDER BY i.item_id;

-- name: remember_recognised!
-- A licence that bears the stamp of such a create was made by it.
UPDATE halo_licence k SET owned = true, product_code = r.product_code, asked_name = r.asked_name, kept_name = r.kept_name
FROM unnest(CAST(:ids AS bigint[]), CAST(:product_codes AS text[]), CAST(:asked_names AS text[]),
    CAST(:kept_names AS text[])) AS r(id, product_code, asked_name, kept_name)
WHERE k.partner_id = :partner_id AND k.halo_licence_id = r.id AND k.product_code IS NULL;

-- name: licence_history
-- What halosync wrote, what it deleted, and what Halo made of it, in this tenant; of what the last complete read did not
-- show, what this one shows again. `edited`: the read shows something else
-- than halosync wrote last; only then is that asked for.
SELECT l.halo_licence_id, l.owned, l.removed_at IS NOT NULL AS removed, l.product_code, l.asked_name, l.kept_name,
    CAST(l.kept_otherwise AS text) AS kept_otherwise,
    l.wrote_name, l.wrote_quantity, l.wrote_price, l.wrote_billing_cycle, l.wrote_active, l.wrote_price_field,
    l.wrote_active IS NOT NULL AND r.halo_licence_id IS NOT NULL
        AND (r.name, r.quantity, CASE WHEN l.wrote_price_field = 'purchase_price' THEN r.purchase_price ELSE r.price END,
             r.billing_cycle, r.is_active)
        IS DISTINCT FROM (l.wrote_name, l.wrote_quantity, l.wrote_price, l.wrote_billing_cycle, l.wrote_active) AS edited
FROM licence_memory l JOIN halo_snapshot s ON s.partner_id = l.partner_id AND halo_of(s.tenant) = halo_of(:tenant)
LEFT JOIN LATERAL ( -- by its key, one by one, whatever Postgres thinks of how many a read has
    SELECT * FROM halo_read_licence WHERE read_id = :read_id AND halo_licence_id = l.halo_licence_id LIMIT 1) r ON true
WHERE l.partner_id = :partner_id AND (l.owned OR l.removed_at IS NOT NULL OR l.kept_otherwise IS NOT NULL)
    AND (NOT l.is_missing OR NOT r.deleted);

-- name: vanished_licences
-- What somebody has deleted in Halo of what halosync wrote, or moved to another client.
SELECT halo_licence_id, halo_client_id, product_code FROM vanished_licences(:read_id);

-- name: forget_vanished!
-- What somebody deleted that the plan does not want either.
DELETE FROM vanished_licence WHERE partner_id = :partner_id AND halo_licence_id = ANY(:licence_ids);

-- name: written_by_others
-- What halosync wrote for other partners in the same Halo, whatever they call it, also what their last read did not show.
-- First who these are: else Postgres asks of each licence of everybody in which Halo it is.
WITH others AS MATERIALIZED (
    SELECT partner_id FROM halo_snapshot WHERE partner_id <> :partner_id AND tenant = ANY (CAST((SELECT halo_names(:tenant)) AS text[])))
SELECT DISTINCT l.halo_licence_id
FROM others CROSS JOIN LATERAL (
    SELECT halo_licence_id FROM licence_memory WHERE partner_id = others.partner_id AND owned OFFSET 0) AS l;

-- name: undone_run^
-- The run that this one undoes, if it undoes one.
SELECT undone.run_id, undone.price_field FROM run r JOIN run undone ON undone.run_id = r.undoes WHERE r.run_id = :run_id;

-- name: undone_items
-- What a run has changed in Halo, or may have: Halo kept something else, or nobody knows; then a create has no licence.
SELECT item.*, (run.details OR item.restores_licence_id IS NOT NULL) AS is_stamped FROM item JOIN run USING (run_id)
WHERE run_id = :run_id AND (halo_licence_id IS NOT NULL OR reason = 'outcome_unknown') AND action IN ('create', 'update', 'delete')
  AND (outcome = 'synced' OR (outcome = 'failed' AND (reason = 'outcome_unknown' OR (reason = 'not_kept' AND action <> 'delete'))))
ORDER BY seq;

-- name: left_by_run
-- The clients at which a run has left licences in Halo, whether it changed them or not.
SELECT DISTINCT halo_client_id FROM item
WHERE run_id = :run_id AND halo_client_id IS NOT NULL AND halo_licence_id IS NOT NULL
  AND (after_active IS NOT NULL OR outcome IN ('held', 'skipped'));

-- name: deleted_of_run
-- Of the licences that a run has changed, those that halosync itself has deleted, whichever run did.
SELECT DISTINCT i.halo_licence_id FROM item i JOIN run r USING (run_id)
WHERE r.partner_id = :partner_id AND halo_of(r.tenant) = halo_of(:tenant) AND i.action = 'delete' AND i.outcome = 'synced'
  AND i.after_active IS NULL AND i.halo_licence_id IN (
      SELECT u.halo_licence_id FROM item u WHERE u.run_id = :run_id AND u.action IN ('create', 'update'));

-- name: unsure_since_run
-- Licences of which nobody found out whether a run changed or removed them, and to which a later run has sent a change:
-- what Halo shows may be that one's. An undo of the item itself is none of these: it found what it undoes.
SELECT DISTINCT i.halo_licence_id FROM item i JOIN run r USING (run_id)
WHERE i.run_id = :run_id AND i.action IN ('update', 'delete') AND i.reason = 'outcome_unknown' AND EXISTS (
    SELECT FROM item j JOIN run later ON later.run_id = j.run_id
    WHERE j.halo_licence_id = i.halo_licence_id AND j.action IN ('create', 'update', 'delete')
        AND (j.outcome = 'synced' OR j.reason = 'outcome_unknown' OR j.reason = 'not_kept' AND j.action <> 'delete')
        AND j.undoes_item_id IS DISTINCT FROM i.item_id
        AND later.partner_id = r.partner_id AND halo_of(later.tenant) = halo_of(r.tenant)
        AND later.created_at > r.created_at);

-- name: approved_items
-- Held items that a person has released for this run.
SELECT i.* FROM run_approved_item a JOIN item i USING (item_id) WHERE a.run_id = :run_id;

-- name: review_is_done!
UPDATE halo_snapshot SET reviewed_at = now()
WHERE partner_id = :partner_id AND halo_of(tenant) = halo_of(:tenant) AND reviewed_at IS NULL;

-- name: accept_edits!
-- What somebody edited to what the invoice wants is what halosync would have written.
UPDATE halo_licence l SET wrote_name = l.name, wrote_quantity = l.quantity, wrote_billing_cycle = l.billing_cycle,
    wrote_active = l.is_active,
    wrote_price = CASE WHEN l.wrote_price_field = 'purchase_price' THEN l.purchase_price ELSE l.price END
FROM item i
WHERE i.run_id = :run_id AND i.drift IS NOT NULL AND i.action = 'unchanged'
  AND l.partner_id = :partner_id AND l.halo_licence_id = i.halo_licence_id;

-- name: give_back!
-- What an undo finds as it was before the run is whose it was before, as if the undo had put it back itself.
UPDATE halo_licence l SET owned = false
FROM item i JOIN run r USING (run_id)
WHERE i.run_id = :run_id AND r.mode = 'undo' AND i.action = 'unchanged' AND NOT i.owned_after AND l.owned
  AND l.partner_id = :partner_id AND l.halo_licence_id = i.halo_licence_id;

-- name: insert_batches
-- Their ids in order. The first ones are with the writers at once.
INSERT INTO batch (run_id, partner_id, tenant, kind, state, redeliver_at)
SELECT :run_id, :partner_id, :tenant, b.kind, CASE WHEN b.place <= :most THEN 'issued' ELSE 'planned' END,
    CASE WHEN b.place <= :most THEN clock_timestamp() + make_interval(secs => :grace_s) END
FROM unnest(CAST(:kinds AS text[])) WITH ORDINALITY AS b (kind, place) ORDER BY b.place
RETURNING batch_id;

-- name: issue_planned
-- Take the next batches of a run out of waiting. Only a few of a run are with the writers at a time, so that
-- no partner's work stands in front of another's (fair turns).
UPDATE batch SET state = 'issued', redeliver_at = clock_timestamp() + make_interval(secs => :grace_s)
WHERE batch_id IN (
    SELECT batch_id FROM batch WHERE run_id = :run_id AND state = 'planned'
    ORDER BY batch_id LIMIT (
        SELECT greatest(:most - count(*), 0) FROM batch WHERE run_id = :run_id AND state = 'issued')
    FOR UPDATE SKIP LOCKED)
RETURNING batch_id, kind, partner_id, tenant;
