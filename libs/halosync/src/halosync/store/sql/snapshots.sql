-- name: last_read^
-- When Halo was read, and which. A read of another tenant than the connected one says nothing about this one.
SELECT s.read_at, s.tenant FROM halo_snapshot s LEFT JOIN connection c USING (partner_id)
WHERE s.partner_id = :partner_id AND (c.state IS DISTINCT FROM 'connected' OR halo_of(c.tenant) = halo_of(s.tenant));

-- name: clients_shown
-- These clients of the last read, or all.
SELECT halo_client_id, name, inactive FROM halo_client
WHERE partner_id = :partner_id AND (CAST(:ids AS bigint[]) IS NULL OR halo_client_id = ANY(CAST(:ids AS bigint[])));

-- name: clients_page
-- A page of clients by name, numbers in names by their value. Of equal names, as of equal order, the place is told by the
-- name itself and the id, so that no page shows or leaves out a row twice.
SELECT halo_client_id, name, inactive FROM halo_client
WHERE partner_id = :partner_id AND (natural_order(name) COLLATE "C", name COLLATE "C", halo_client_id)
    > (natural_order(:name) COLLATE "C", CAST(:name AS text) COLLATE "C", :halo_client_id)
  AND (CAST(:pattern AS text) IS NULL OR lower(name) LIKE lower(:pattern))
ORDER BY natural_order(name) COLLATE "C", name COLLATE "C", halo_client_id LIMIT :most;

-- name: licence_names_shown
-- Every licence name of the last read; what halosync has removed since is left out.
SELECT DISTINCT name FROM halo_licence WHERE partner_id = :partner_id AND removed_at IS NULL;

-- name: licence_names_page
-- A page of them, each with how many licences have it, in the order of clients_page. First each name once: its order takes
-- longer to find than its licences.
SELECT name, licences FROM (
    SELECT name, count(*) AS licences FROM halo_licence
    WHERE partner_id = :partner_id AND removed_at IS NULL
      AND (CAST(:pattern AS text) IS NULL OR lower(name) LIKE lower(:pattern))
    GROUP BY name) AS each
WHERE (natural_order(name) COLLATE "C", name COLLATE "C")
    > (natural_order(:name) COLLATE "C", CAST(:name AS text) COLLATE "C")
ORDER BY natural_order(name) COLLATE "C", name COLLATE "C" LIMIT :most;
