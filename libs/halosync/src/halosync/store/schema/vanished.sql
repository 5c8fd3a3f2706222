-- The licences that halosync wrote, that it has not removed, and that a complete read has no more at their client: somebody
-- has deleted or moved them (spec section 11, "Drift"). Those of the read before and those known already, of the same Halo.
-- What was written to bill nothing is missed by nobody. A licence that halosync has removed, or tried to, nobody knows with
-- what outcome, is not deleted by somebody else; one whose removal Halo refused may be. By EXCEPT, as in
-- compare_with_snapshot.
CREATE OR REPLACE FUNCTION vanished_licences(p_read_id uuid)
RETURNS TABLE (partner_id text, halo_licence_id bigint, halo_client_id bigint, product_code text)
LANGUAGE sql STABLE AS $$
    WITH here AS (
        SELECT h.partner_id FROM halo_read h JOIN halo_snapshot s USING (partner_id)
        WHERE h.read_id = p_read_id AND halo_of(s.tenant) = halo_of(h.tenant)
    )
    SELECT k.partner_id, k.halo_licence_id, k.halo_client_id, k.product_code
    FROM here JOIN halo_licence k USING (partner_id)
    WHERE k.owned AND k.removed_at IS NULL AND k.product_code IS NOT NULL AND coalesce(k.wrote_active, k.is_active)
      AND coalesce(k.wrote_quantity, k.quantity) IS DISTINCT FROM 0
      AND k.halo_licence_id = ANY (ARRAY(
          SELECT missing.halo_licence_id FROM (
              SELECT known.halo_licence_id, known.halo_client_id FROM here JOIN halo_licence known USING (partner_id)
              EXCEPT SELECT r.halo_licence_id, r.halo_client_id FROM halo_read_licence r
              WHERE r.read_id = p_read_id AND NOT r.deleted) AS missing))
      AND (SELECT i.action = 'delete' FROM item i JOIN run USING (run_id)
           WHERE i.halo_licence_id = k.halo_licence_id AND run.partner_id = k.partner_id
             AND i.action IN ('create', 'update', 'delete') AND (
                 i.outcome = 'synced' OR i.outcome = 'failed' AND i.reason NOT IN ('halo_rejected', 'permission_denied'))
           ORDER BY i.item_id DESC LIMIT 1) IS NOT TRUE
    UNION
    SELECT v.partner_id, v.halo_licence_id, v.halo_client_id, v.product_code
    FROM here JOIN vanished_licence v USING (partner_id)
    WHERE NOT EXISTS (SELECT FROM halo_read_licence r WHERE r.read_id = p_read_id
                      AND r.halo_licence_id = v.halo_licence_id AND r.halo_client_id = v.halo_client_id
                      AND NOT r.deleted)
$$;
