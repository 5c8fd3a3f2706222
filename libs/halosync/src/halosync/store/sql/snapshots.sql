-- name: last_read^
-- When Halo was read, and which. A read of another tenant than the connected one says nothing about this one.
SELECT s.read_at, s.tenant FROM halo_snapshot s LEFT JOIN connection c USING (partner_id)
WHERE s.partner_id = :partner_id AND (c.state IS DISTINCT FROM 'connected' OR halo_of(c.tenant) = halo_of(s.tenant));

-- name: clients_shown
-- These clients of the last read, or all.
SELECT halo_client_id, name, inactive FROM halo_client
WHERE partner_id = :partner_id AND (CAST(:ids AS bigint[]) IS NULL OR halo_client_id = ANY(CAST(:ids AS bigint[])));

-- name: clients_page
-- A page of clients by name.
SELECT halo_client_id, name, inactive FROM halo_client
WHERE partner_id = :partner_id AND (name, halo_client_id) > (:name, :halo_client_id)
  AND (CAST(:pattern AS text) IS NULL OR lower(name) LIKE lower(:pattern))
ORDER BY name, halo_client_id LIMIT :most;

-- name: licence_names_shown
-- Every licence name of the last read; what halosync has removed since is left out.
SELECT DISTINCT name FROM halo_licence WHERE partner_id = :partner_id AND removed_at IS NULL;

-- name: licence_names_page
-- A page of them, each with how many licences have it.
SELECT name, count(*) AS licences FROM halo_licence
WHERE partner_id = :partner_id AND removed_at IS NULL AND name > :name
  AND (CAST(:pattern AS text) IS NULL OR lower(name) LIKE lower(:pattern))
GROUP BY name ORDER BY name LIMIT :most;
