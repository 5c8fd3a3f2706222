-- name: take_permits^
-- The clock that was read comes back too: the caller compares it with its own.
SELECT lease_id, granted, wait_s, moment_s
FROM rate_take(:tenant, :requests, :window_s, :want, :interactive, :lease_s);

-- name: finish_permits!
-- Nobody waits until it is on the disk: should Postgres crash before, the lease stands until its holder counts as dead.
SELECT rate_finish(:lease_id, :spent), set_config('synchronous_commit', 'off', true);

-- name: block_tenant^
-- A 429 blocks the tenant for every process, and tells what others use of its budget.
SELECT wait_s, foreign_seen, effective FROM rate_block(:tenant, :retry_after_s);

-- name: block_every_tenant!
-- The clock has jumped ahead, so permits have come back too early: after a window all that was sent is over. Locked in
-- order, since several processes may see it at a time.
WITH ordered AS (SELECT tenant FROM rate_tenant ORDER BY tenant FOR UPDATE)
UPDATE rate_tenant t
SET blocked_until = greatest(t.blocked_until, clock_timestamp() + make_interval(secs => t.window_s))
FROM ordered WHERE ordered.tenant = t.tenant;
