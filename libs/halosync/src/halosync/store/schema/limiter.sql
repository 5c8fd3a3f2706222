-- The rules of the request budget, on rate_tenant and rate_lease (docs/decisions/0002). A Halo has one budget, whatever
-- it is called.

-- What others are expected to use, less 2 % of the limit after the first window without a 429, 4 % more after the
-- second, 8 % after the third: a wrong lesson is forgotten within six windows, a true one costs a 429 now and then.
CREATE OR REPLACE FUNCTION rate_expected(t rate_tenant, p_moment timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest(t.foreign_use - t.requests * 0.02 * (2 ^ w.clean - 1), 0)
    FROM (SELECT coalesce(least(greatest(floor(extract(epoch FROM p_moment - t.foreign_at)::float8 / t.window_s), 0), 9),
                          0) AS clean) AS w
$$;

-- The limit less what others use, at least 1: for one window what the last 429 showed, after that what is expected. A
-- 429 with Retry-After tells itself when there is room again, so from then on what is expected holds.
CREATE OR REPLACE FUNCTION rate_effective(t rate_tenant, p_moment timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest(t.requests - CAST(ceil(greatest(rate_expected(t, p_moment),
        CASE WHEN t.foreign_at > p_moment - make_interval(secs => t.window_s) THEN t.foreign_seen END)) AS integer), 1)
$$;

-- What batch work leaves to calls that a person waits for: 2 %, nothing of a limit below 50.
CREATE OR REPLACE FUNCTION rate_reserve(p_effective integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT p_effective / 50
$$;

-- Lease up to p_want permits. The row lock serialises one tenant only; the clock is read after the lock is held, and
-- what is in use is counted in a statement of its own, whose snapshot is as new.
-- p_interactive: a person waits; the whole limit may be used.
-- p_lease_s: how long the permits may be unspent or in flight; after that plus the window they come back by themselves.
-- moment_s: the clock that was read, for the caller to compare with its own (epoch seconds).
CREATE OR REPLACE FUNCTION rate_take(
    p_tenant text, p_requests integer, p_window_s double precision, p_want integer, p_interactive boolean,
    p_lease_s double precision,
    OUT lease_id bigint, OUT granted integer, OUT wait_s double precision, OUT moment_s double precision
) LANGUAGE plpgsql AS $$
DECLARE
    t rate_tenant;
    stricter rate_tenant;
    allowed integer;
    used integer;
    moment timestamptz;
BEGIN
    p_tenant := halo_of(p_tenant);
    SELECT * INTO t FROM rate_tenant WHERE tenant = p_tenant FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO rate_tenant (tenant, requests, window_s) VALUES (p_tenant, p_requests, p_window_s)
            ON CONFLICT DO NOTHING;
        SELECT * INTO t FROM rate_tenant WHERE tenant = p_tenant FOR UPDATE;
    END IF;
    moment := clock_timestamp();
    moment_s := extract(epoch FROM moment);
    granted := 0;
    DELETE FROM rate_lease l WHERE l.tenant = p_tenant AND l.free_at <= moment;
    stricter := t;
    -- Two partners of one tenant, or processes with other settings: the strictest of what is in use now counts.
    SELECT least(p_requests, min(l.requests)), greatest(p_window_s, max(l.window_s)), coalesce(sum(l.permits), 0)
        INTO stricter.requests, stricter.window_s, used FROM rate_lease l WHERE l.tenant = p_tenant;
    IF stricter IS DISTINCT FROM t THEN
        UPDATE rate_tenant SET requests = stricter.requests, window_s = stricter.window_s WHERE tenant = p_tenant;
        t := stricter;
    END IF;
    IF t.blocked_until > moment THEN
        wait_s := extract(epoch FROM t.blocked_until - moment);
        RETURN;
    END IF;
    allowed := rate_effective(t, moment);
    allowed := allowed - CASE WHEN p_interactive THEN 0 ELSE rate_reserve(allowed) END;
    granted := greatest(least(p_want, allowed - used), 0);
    IF granted = 0 THEN
        wait_s := coalesce(rate_wait(t, moment, used - allowed), t.window_s);
        RETURN;
    END IF;
    INSERT INTO rate_lease (tenant, permits, requests, window_s, leased_at, leased_until, free_at)
        VALUES (p_tenant, granted, p_requests, p_window_s, moment, moment + make_interval(secs => p_lease_s),
                moment + make_interval(secs => p_lease_s + t.window_s))
        RETURNING rate_lease.lease_id INTO lease_id;
    wait_s := 0;
END $$;

-- Seconds until more than p_excess permits can have come back; null if so many are not in use. Finished ones come back
-- at a known time. Open ones will soon be finished, and what they did not spend is free then: they are expected to
-- stay open for as long as they have been open already, and for a 300th of the window at least (1 s at most, 0.05 s
-- at least), so that a slow one is asked for ever less often. One that is open beyond its lease is of a dead holder.
CREATE OR REPLACE FUNCTION rate_wait(t rate_tenant, p_moment timestamptz, p_excess integer) RETURNS double precision
LANGUAGE sql STABLE AS $$
    SELECT min(r.back_s) FROM (
        SELECT l.back_s, sum(l.permits) OVER (ORDER BY l.back_s) AS permits FROM (
            SELECT permits, CASE
                WHEN finished_at IS NULL AND leased_until > p_moment
                THEN greatest(extract(epoch FROM p_moment - leased_at)::float8, least(t.window_s / 300, 1), 0.05)
                ELSE extract(epoch FROM free_at - p_moment)::float8 END AS back_s
            FROM rate_lease WHERE tenant = t.tenant) AS l) AS r
    WHERE r.permits > p_excess
$$;

-- The lease's requests have ended: what was spent counts for one window from now, the rest is free at once. Only the
-- first word on a lease counts.
CREATE OR REPLACE FUNCTION rate_finish(p_lease_id bigint, p_spent integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF p_spent = 0 THEN
        DELETE FROM rate_lease WHERE lease_id = p_lease_id AND finished_at IS NULL;
    ELSE
        UPDATE rate_lease l
            SET permits = p_spent, finished_at = moment,
                free_at = moment + make_interval(secs => greatest(l.window_s, t.window_s))
            FROM rate_tenant t WHERE l.lease_id = p_lease_id AND l.finished_at IS NULL AND t.tenant = l.tenant;
    END IF;
END $$;

-- Halo answered 429: nobody asks until Retry-After; else until the oldest finished permit comes back, when a rolling
-- window surely has room; else, with none in use, for the window. An earlier block is never shortened.
-- The second 429 within a window shows that this was too early (a fixed window, a Retry-After that does not hold), so
-- from then on a block lasts at least 1 %, 3 %, 7 % ... of the window, up to all of it.
-- A 429 during a block is of a request that was on its way when it began: the same trouble, learnt from once.
-- foreign_seen: what others have used, if something was learnt. wait_s: null if the tenant never had a permit.
CREATE OR REPLACE FUNCTION rate_block(
    p_tenant text, p_retry_after_s double precision, OUT wait_s double precision, OUT foreign_seen integer,
    OUT effective integer
) LANGUAGE plpgsql AS $$
DECLARE
    t rate_tenant;
    used integer;
    next_free_at timestamptz;
    moment timestamptz;
BEGIN
    p_tenant := halo_of(p_tenant);
    SELECT * INTO t FROM rate_tenant WHERE tenant = p_tenant FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    moment := clock_timestamp();
    SELECT coalesce(sum(l.permits), 0), min(l.free_at) FILTER (WHERE l.finished_at IS NOT NULL) INTO used, next_free_at
        FROM rate_lease l WHERE l.tenant = p_tenant AND l.free_at > moment;
    IF t.blocked_until <= moment THEN
        foreign_seen := greatest(t.requests - used, 0);
        t.foreign_use := rate_expected(t, moment);
        t.foreign_use := greatest(t.foreign_use, (t.foreign_use + foreign_seen) / 2);
        t.strikes := CASE WHEN t.foreign_at > moment - make_interval(secs => t.window_s)
                     THEN least(t.strikes + 1, 9) ELSE 1 END;
        t.foreign_seen := CASE WHEN p_retry_after_s IS NULL THEN foreign_seen ELSE 0 END;
        t.foreign_at := moment;
    END IF;
    wait_s := CASE
        WHEN p_retry_after_s IS NOT NULL THEN p_retry_after_s
        WHEN next_free_at IS NOT NULL THEN greatest(extract(epoch FROM next_free_at - moment), least(t.window_s, 1))
        ELSE t.window_s END;
    wait_s := greatest(wait_s, t.window_s * least(0.01 * (2 ^ (t.strikes - 1) - 1), 1));
    t.blocked_until := greatest(t.blocked_until, moment + make_interval(secs => wait_s));
    wait_s := extract(epoch FROM t.blocked_until - moment);
    effective := rate_effective(t, moment);
    UPDATE rate_tenant r
        SET blocked_until = t.blocked_until, foreign_use = t.foreign_use, foreign_seen = t.foreign_seen,
            foreign_at = t.foreign_at, strikes = t.strikes
        WHERE r.tenant = p_tenant;
END $$;

-- For people, and for tests: what is left of each tenant's budget now. left_now: for a person's call; batch work
-- leaves reserve of it.
DROP VIEW IF EXISTS rate_standing;
CREATE VIEW rate_standing AS
SELECT t.tenant, t.requests, t.window_s, e.effective, rate_reserve(e.effective) AS reserve, u.in_use,
    greatest(e.effective - u.in_use, 0) AS left_now, u.next_free_at,
    CASE WHEN t.blocked_until > now.moment THEN t.blocked_until END AS blocked_until
FROM rate_tenant t CROSS JOIN LATERAL (SELECT clock_timestamp() AS moment) AS now
CROSS JOIN LATERAL (SELECT rate_effective(t, now.moment) AS effective) AS e
CROSS JOIN LATERAL (SELECT CAST(coalesce(sum(l.permits), 0) AS integer) AS in_use, min(l.free_at) AS next_free_at
    FROM rate_lease l WHERE l.tenant = t.tenant AND l.free_at > now.moment) AS u;
