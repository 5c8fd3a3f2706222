-- name: acquire_permits^
SELECT lease_id, granted, wait_s
FROM rate_acquire(:tenant, :requests, :window_s, :want, :reserve, :hold_s);

-- name: settle_permits!
SELECT rate_settle(:lease_id, :spent);

-- name: block_tenant$
-- A 429 blocks the tenant for every process: until Retry-After, else until the oldest permit in use comes back,
-- else for the whole window. An earlier block is never shortened.
UPDATE rate_tenant t SET blocked_until = greatest(t.blocked_until, clock_timestamp() + make_interval(secs => coalesce(
    CAST(:retry_after_s AS float8),
    (SELECT greatest(extract(epoch FROM min(l.free_at) - clock_timestamp()), 1)::float8
     FROM rate_lease l WHERE l.tenant = t.tenant AND l.free_at > clock_timestamp()
     HAVING count(*) > 0),  -- greatest() passes over nulls: without a permit in use there must be no row
    t.window_s)))
WHERE t.tenant = :tenant
RETURNING greatest(extract(epoch FROM blocked_until - clock_timestamp()), 0)::float8;

-- name: permits_left^
-- For people: how much of the budget is left now, and until when the tenant is blocked.
SELECT t.requests, t.window_s, t.requests - coalesce(sum(l.permits) FILTER (WHERE l.free_at > clock_timestamp()), 0) AS left_now,
    min(l.free_at) FILTER (WHERE l.free_at > clock_timestamp()) AS next_free_at, t.blocked_until
FROM rate_tenant t LEFT JOIN rate_lease l USING (tenant)
WHERE t.tenant = :tenant GROUP BY t.tenant;
