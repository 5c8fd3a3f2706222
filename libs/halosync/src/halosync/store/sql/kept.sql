-- name: licences_page
-- A page of the licences of the last read, by id; what halosync has removed since is left out.
SELECT l.halo_licence_id, l.halo_client_id, c.name AS client_name, l.name, l.quantity, l.price, l.purchase_price,
    l.billing_cycle, l.is_active, l.owned, l.foreign_mark, k.halo_licence_id IS NOT NULL AS keep
FROM halo_licence l JOIN halo_snapshot s USING (partner_id)
LEFT JOIN halo_client c USING (partner_id, halo_client_id)
LEFT JOIN kept_licence k
    ON k.partner_id = l.partner_id AND k.tenant = s.tenant AND k.halo_licence_id = l.halo_licence_id
WHERE l.partner_id = :partner_id AND l.removed_at IS NULL
  AND (CAST(:after AS bigint) IS NULL OR l.halo_licence_id > :after)
  AND (CAST(:pattern AS text) IS NULL OR lower(l.name) LIKE lower(:pattern) OR lower(c.name) LIKE lower(:pattern))
  AND (NOT CAST(:kept AS boolean) OR k.halo_licence_id IS NOT NULL)
ORDER BY l.halo_licence_id LIMIT :most;

-- name: licence_shown^
SELECT l.halo_licence_id, l.halo_client_id, c.name AS client_name, l.name, l.quantity, l.price, l.purchase_price,
    l.billing_cycle, l.is_active, l.owned, l.foreign_mark, k.halo_licence_id IS NOT NULL AS keep
FROM halo_licence l JOIN halo_snapshot s USING (partner_id)
LEFT JOIN halo_client c USING (partner_id, halo_client_id)
LEFT JOIN kept_licence k
    ON k.partner_id = l.partner_id AND k.tenant = s.tenant AND k.halo_licence_id = l.halo_licence_id
WHERE l.partner_id = :partner_id AND l.halo_licence_id = :halo_licence_id;

-- name: keep_licence$
-- No row comes back when it is kept already.
INSERT INTO kept_licence (partner_id, tenant, halo_licence_id)
SELECT partner_id, tenant, :halo_licence_id FROM halo_snapshot WHERE partner_id = :partner_id
ON CONFLICT DO NOTHING RETURNING halo_licence_id;

-- name: let_licence_go$
DELETE FROM kept_licence k USING halo_snapshot s
WHERE k.partner_id = :partner_id AND s.partner_id = k.partner_id AND s.tenant = k.tenant
  AND k.halo_licence_id = :halo_licence_id
RETURNING k.halo_licence_id;
