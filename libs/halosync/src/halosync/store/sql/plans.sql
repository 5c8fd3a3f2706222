-- name: plan_settings^
SELECT removal, cleanup, price_field, guard_max_count, guard_max_fraction, adopt_foreign, billing_cycles, licence_type,
    details
FROM partner WHERE partner_id = :partner_id;

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
    foreign_mark, licence_type
FROM halo_read_licence WHERE read_id = :read_id AND NOT deleted;

-- name: licence_history
-- What halosync wrote, what it deleted, and what Halo made of it, in this tenant.
SELECT l.halo_licence_id, l.owned, l.removed_at IS NOT NULL AS removed, l.product_code, l.asked_name, l.kept_name,
    CAST(l.kept_otherwise AS text) AS kept_otherwise
FROM halo_licence l JOIN halo_snapshot s ON s.partner_id = l.partner_id AND s.tenant = :tenant
WHERE l.partner_id = :partner_id AND (l.owned OR l.removed_at IS NOT NULL OR l.kept_otherwise IS NOT NULL);

-- name: written_by_others
-- What halosync wrote for other partners in the same Halo.
SELECT DISTINCT l.halo_licence_id
FROM halo_licence l JOIN halo_snapshot s ON s.partner_id = l.partner_id AND s.tenant = :tenant
WHERE l.partner_id <> :partner_id AND l.owned;

-- name: kept_licences
SELECT halo_licence_id FROM kept_licence WHERE partner_id = :partner_id AND tenant = :tenant;

-- name: review_due$
-- Whether the first review of this Halo is still to be done (spec section 9). Another tenant begins anew.
SELECT p.review_first_sync AND NOT EXISTS (SELECT FROM halo_snapshot s
    WHERE s.partner_id = p.partner_id AND s.tenant = :tenant AND s.reviewed_at IS NOT NULL)
FROM partner p WHERE p.partner_id = :partner_id;

-- name: review_is_done!
UPDATE halo_snapshot SET reviewed_at = now() WHERE partner_id = :partner_id AND tenant = :tenant AND reviewed_at IS NULL;

-- name: note_settings!
-- The settings that the writers must follow are those the plan was made with.
UPDATE run SET removal = :removal, price_field = :price_field, licence_type = :licence_type, details = :details,
    review = :review
WHERE run_id = :run_id;

-- name: new_batch_ids
-- Ids before rows, so that items and batches can both be written by COPY.
SELECT nextval(pg_get_serial_sequence('batch', 'batch_id')) AS batch_id FROM generate_series(1, :count);

-- name: issue_planned
-- Take the next batches of a run out of waiting. Only a few of a run are with the writers at a time, so that
-- no partner's work stands in front of another's (fair turns).
UPDATE batch SET state = 'issued', redeliver_at = clock_timestamp() + make_interval(secs => :grace_s)
WHERE batch_id IN (
    SELECT batch_id FROM batch WHERE run_id = :run_id AND state = 'planned'
    ORDER BY batch_id LIMIT :most FOR UPDATE SKIP LOCKED)
RETURNING batch_id, kind, partner_id, tenant;

-- name: issued_batches$
SELECT count(*) FROM batch WHERE run_id = :run_id AND state = 'issued';
