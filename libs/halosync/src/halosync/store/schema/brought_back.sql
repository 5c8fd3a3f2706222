-- Licences that an undo has brought back: Halo gives a licence that is created again another id (spec section 11, "Undo").

-- Each of them beside the deleted one, in the Halo that the last read was of.
CREATE OR REPLACE FUNCTION restored_licences(p_partner_id text)
RETURNS TABLE (licence_id bigint, is_now bigint, item_id bigint) LANGUAGE sql STABLE AS $$
    SELECT i.restores_licence_id, i.halo_licence_id, i.item_id
    FROM run r JOIN item i USING (run_id)
    JOIN halo_snapshot s ON s.partner_id = r.partner_id AND halo_of(s.tenant) = halo_of(r.tenant)
    WHERE r.partner_id = p_partner_id AND r.mode = 'undo' AND i.restores_licence_id IS NOT NULL
        AND i.halo_licence_id IS NOT NULL AND i.outcome = 'synced'
$$;

-- For every licence that was brought back, also more than once, the one that it is now.
CREATE OR REPLACE FUNCTION newest_restored(p_partner_id text)
RETURNS TABLE (licence_id bigint, is_now bigint) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE pair AS MATERIALIZED (SELECT * FROM restored_licences(p_partner_id)),
    later AS (
        SELECT pair.licence_id, pair.is_now, pair.item_id FROM pair
        UNION SELECT later.licence_id, pair.is_now, pair.item_id FROM later JOIN pair ON pair.licence_id = later.is_now
    )
    SELECT DISTINCT ON (later.licence_id) later.licence_id, later.is_now FROM later
    ORDER BY later.licence_id, later.item_id DESC
$$;

-- All ids that one licence has had, in any order.
CREATE OR REPLACE FUNCTION ids_of_licence(p_partner_id text, p_licence_id bigint) RETURNS bigint[]
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE pair AS MATERIALIZED (SELECT * FROM restored_licences(p_partner_id)),
    one AS (
        SELECT p_licence_id AS id
        UNION SELECT CASE WHEN pair.licence_id = one.id THEN pair.is_now ELSE pair.licence_id END
        FROM one JOIN pair ON one.id IN (pair.licence_id, pair.is_now)
    )
    SELECT array_agg(one.id) FROM one
$$;
