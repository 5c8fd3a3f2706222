-- name: add_partner$
-- True when the row is new: xmax is 0 only on a row version that no update made. A known partner gets the new name.
INSERT INTO partner (partner_id, name) VALUES (:partner_id, :name)
ON CONFLICT (partner_id) DO UPDATE SET name = excluded.name
RETURNING xmax = 0;

-- name: was_removed$
SELECT EXISTS (SELECT FROM audit_entry WHERE partner_id = :partner_id AND act = :removed);

-- name: partner_exists$
-- Every call of the report API asks this first.
SELECT EXISTS (SELECT FROM partner WHERE partner_id = :partner_id);

-- name: list_partners
-- For the operator: who there is, and whether their Halo is connected; all, or the one that is named.
SELECT partner_id, name, created_at, coalesce(state, 'disconnected') AS connection, tenant, paused_at
FROM partner LEFT JOIN connection USING (partner_id)
WHERE CAST(:partner_id AS text) IS NULL OR partner_id = :partner_id
ORDER BY partner_id;

-- name: partner_settings^
-- The columns of one row: settings are read and replaced as a whole.
SELECT auto_sync, removal, cleanup, price_field, guard_max_count, guard_max_fraction,
       rate_requests, rate_window_s, country, invoice_day,
       review_first_sync, adopt_foreign, billing_cycles, licence_type, details, email_notices, on_drift
FROM partner WHERE partner_id = :partner_id;

-- name: partner_settings_to_change^
-- The same for who will replace them: no other change comes between. Not under the lock of links: an intake holds the
-- row while it stores an invoice, and linking must not wait for that.
SELECT auto_sync, removal, cleanup, price_field, guard_max_count, guard_max_fraction,
       rate_requests, rate_window_s, country, invoice_day,
       review_first_sync, adopt_foreign, billing_cycles, licence_type, details, email_notices, on_drift
FROM partner WHERE partner_id = :partner_id FOR NO KEY UPDATE;

-- name: save_partner_settings!
UPDATE partner SET
    auto_sync = :auto_sync, removal = :removal, cleanup = :cleanup, price_field = :price_field,
    guard_max_count = :guard_max_count, guard_max_fraction = :guard_max_fraction,
    rate_requests = :rate_requests, rate_window_s = :rate_window_s,
    country = :country, invoice_day = :invoice_day,
    review_first_sync = :review_first_sync, adopt_foreign = :adopt_foreign, billing_cycles = :billing_cycles,
    licence_type = :licence_type, details = :details, email_notices = :email_notices, on_drift = :on_drift
WHERE partner_id = :partner_id;

-- name: pause_to_change$
SELECT paused_at IS NOT NULL FROM partner WHERE partner_id = :partner_id FOR NO KEY UPDATE;

-- name: save_pause!
UPDATE partner SET paused_at = CASE WHEN :to THEN now() END WHERE partner_id = :partner_id;

-- name: shared_tenant_to_change$
SELECT allow_shared_tenant FROM partner WHERE partner_id = :partner_id FOR NO KEY UPDATE;

-- name: save_shared_tenant!
-- An operator's word, and none of the settings that a partner replaces as a whole.
UPDATE partner SET allow_shared_tenant = :to WHERE partner_id = :partner_id;
