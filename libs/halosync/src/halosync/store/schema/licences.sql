-- A licence of the connected Halo as people and programs look at it: as last read (read_at) or written since; removed_at:
-- halosync removed it then. keep: a person wants it to be kept.
DROP VIEW IF EXISTS licence_view;
CREATE VIEW licence_view AS
SELECT l.partner_id, l.halo_licence_id, l.halo_client_id, c.name AS client_name, l.name, l.quantity, l.price,
    l.purchase_price, l.billing_cycle, l.is_active, l.owned, l.foreign_mark, EXISTS (
        SELECT FROM kept_licence k WHERE k.partner_id = l.partner_id AND k.halo_licence_id = l.halo_licence_id
            AND halo_of(k.tenant) = halo_of(s.tenant)) AS keep,
    l.removed_at, s.read_at
FROM halo_licence l JOIN halo_snapshot s USING (partner_id)
LEFT JOIN halo_client c USING (partner_id, halo_client_id);

-- All that halosync knows of licences, whether the last complete read showed them or not (is_missing).
DROP VIEW IF EXISTS licence_memory;
CREATE VIEW licence_memory AS
SELECT *, false AS is_missing FROM halo_licence UNION ALL SELECT *, true AS is_missing FROM missing_licence;
