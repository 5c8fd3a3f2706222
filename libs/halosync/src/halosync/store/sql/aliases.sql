-- name: lock_aliases!
-- One process at a time says what the names are.
LOCK TABLE halo_alias IN SHARE ROW EXCLUSIVE MODE;

-- name: forget_other_aliases!
DELETE FROM halo_alias WHERE host <> ALL(CAST(:hosts AS text[]));

-- name: put_aliases!
INSERT INTO halo_alias (host, tenant) SELECT * FROM unnest(CAST(:hosts AS text[]), CAST(:tenants AS text[]))
ON CONFLICT (host) DO UPDATE SET tenant = excluded.tenant WHERE halo_alias.tenant <> excluded.tenant;

-- name: join_budgets!
-- What was spent under a second name was spent of the one budget, and a block of it is a block of the Halo.
WITH second AS (SELECT * FROM rate_tenant WHERE halo_of(tenant) <> tenant),
     one AS (
        INSERT INTO rate_tenant (tenant, requests, window_s, blocked_until)
        SELECT halo_of(tenant), min(requests), max(window_s), max(blocked_until) FROM second GROUP BY 1
        ON CONFLICT (tenant) DO UPDATE SET blocked_until = greatest(rate_tenant.blocked_until, excluded.blocked_until))
UPDATE rate_lease l SET tenant = halo_of(l.tenant) FROM second s WHERE l.tenant = s.tenant;
