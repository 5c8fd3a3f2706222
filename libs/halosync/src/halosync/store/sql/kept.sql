-- name: licences_page
-- A page of the licences of the last read, by id; what halosync has removed since is left out.
SELECT halo_licence_id, halo_client_id, client_name, name, quantity, price, purchase_price, billing_cycle, is_active,
    owned, foreign_mark, keep, removed_at, read_at
FROM licence_view
WHERE partner_id = :partner_id AND removed_at IS NULL
  AND (CAST(:after AS bigint) IS NULL OR halo_licence_id > :after)
  AND (CAST(:pattern AS text) IS NULL OR lower(name) LIKE lower(:pattern) OR lower(client_name) LIKE lower(:pattern))
  AND (NOT CAST(:kept AS boolean) OR keep)
ORDER BY halo_licence_id LIMIT :most;

-- name: find_licence^
-- As last read or written; one that halosync has removed too.
SELECT halo_licence_id, halo_client_id, client_name, name, quantity, price, purchase_price, billing_cycle, is_active,
    owned, foreign_mark, keep, removed_at, read_at
FROM licence_view
WHERE partner_id = :partner_id AND halo_licence_id = :halo_licence_id;

-- name: licences_by_id
-- Likewise these.
SELECT halo_licence_id, halo_client_id, client_name, name, quantity, price, purchase_price, billing_cycle, is_active,
    owned, foreign_mark, keep, removed_at, read_at
FROM licence_view
WHERE partner_id = :partner_id AND halo_licence_id = ANY(CAST(:ids AS bigint[]));

-- name: keep_licence$
-- No row comes back when it is kept already.
INSERT INTO kept_licence (partner_id, tenant, halo_licence_id)
SELECT partner_id, halo_of(tenant), :halo_licence_id FROM halo_snapshot WHERE partner_id = :partner_id
ON CONFLICT DO NOTHING RETURNING halo_licence_id;

-- name: let_licence_go$
DELETE FROM kept_licence k USING halo_snapshot s
WHERE k.partner_id = :partner_id AND s.partner_id = k.partner_id AND halo_of(s.tenant) = halo_of(k.tenant)
  AND k.halo_licence_id = :halo_licence_id
RETURNING k.halo_licence_id;
