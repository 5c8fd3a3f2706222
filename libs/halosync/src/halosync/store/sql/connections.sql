-- name: connection_view^
-- What a partner sees. Pending is derived: an attempt that is abandoned ends by itself when it expires, and never
-- hides a connection that works.
SELECT
    CASE WHEN c.state = 'connected' AND c.problem IS NULL THEN 'connected' WHEN a.open THEN 'pending'
         WHEN c.state = 'connected' THEN 'broken' -- its tokens cannot be read
         ELSE coalesce(c.state, 'disconnected') END AS state,
    CASE WHEN c.state = 'connected' OR (c.state = 'broken' AND NOT coalesce(a.open, false))
         THEN coalesce(c.tenant, a.tenant) ELSE coalesce(a.tenant, c.tenant) END AS tenant,
    CASE WHEN c.state = 'connected' OR (c.state = 'broken' AND NOT coalesce(a.open, false))
         THEN coalesce(c.client_id, a.client_id) ELSE coalesce(a.client_id, c.client_id) END AS client_id,
    CASE WHEN c.state = 'connected' THEN c.halo_tenant ELSE coalesce(a.halo_tenant, c.halo_tenant) END AS halo_tenant,
    coalesce(c.granted_scopes, '{}') AS granted_scopes,
    c.connected_at,
    CASE WHEN c.state IS DISTINCT FROM 'connected' AND a.open THEN NULL ELSE c.problem END AS problem,
    CASE WHEN c.state = 'connected' AND c.problem IS NOT NULL THEN 'token_unreadable' END AS problem_code
FROM (SELECT CAST(:partner_id AS text) AS partner_id) AS asked
LEFT JOIN connection AS c ON c.partner_id = asked.partner_id
LEFT JOIN LATERAL (
    SELECT tenant, client_id, halo_tenant, used_at IS NULL AND expires_at > now() AS open
    FROM oauth_attempt WHERE partner_id = asked.partner_id AND ended_at IS NULL ORDER BY created_at DESC LIMIT 1
) AS a ON true;

-- name: ensure_connection!
-- The row is what everything else locks, so it must be there first; an unknown partner gets none.
INSERT INTO connection (partner_id) SELECT partner_id FROM partner WHERE partner_id = :partner_id
ON CONFLICT DO NOTHING;

-- name: wait_for_locks$
-- Longer than a refresh may take, which holds the lock while it asks Halo; for this transaction only.
SELECT set_config('lock_timeout', :patience, true);

-- name: lock_connection^
-- The one lock of a partner's connection. Every writer takes it before it touches anything else of the partner.
SELECT state, tenant, client_id, halo_tenant FROM connection WHERE partner_id = :partner_id FOR UPDATE;

-- name: lock_free_connection^
-- The same for work that somebody else is probably doing if the row is locked.
SELECT state, tenant, client_id, halo_tenant FROM connection WHERE partner_id = :partner_id FOR UPDATE SKIP LOCKED;

-- name: lock_token^
-- A statement of its own, after the connection is locked: it sees what the previous holder committed.
SELECT generation, access_token, refresh_token, expires_at,
       CAST(extract(epoch FROM expires_at - clock_timestamp()) AS double precision) AS good_for_s
FROM oauth_token WHERE partner_id = :partner_id FOR UPDATE;

-- name: connection_and_token^
-- One statement, hence one moment: a state never comes with the tokens of another. The database's clock alone decides.
SELECT c.state, c.tenant, c.client_id, c.halo_tenant, t.generation, t.access_token, t.refresh_token, t.expires_at,
       CAST(extract(epoch FROM t.expires_at - clock_timestamp()) AS double precision) AS good_for_s
FROM connection AS c LEFT JOIN oauth_token AS t USING (partner_id) WHERE partner_id = :partner_id;

-- name: expiring_partners
-- Whose token is to be renewed ahead of its expiry, the most urgent first.
SELECT partner_id FROM connection JOIN oauth_token USING (partner_id)
WHERE state = 'connected' AND expires_at < clock_timestamp() + make_interval(secs => :within_s)
ORDER BY expires_at;

-- name: void_attempts!
-- Only the newest attempt of a partner can be completed.
UPDATE oauth_attempt SET used_at = now() WHERE partner_id = :partner_id AND used_at IS NULL;

-- name: forget_old_attempts!
-- Used and expired attempts are kept for a day, so that a reloaded redirect still finds its partner.
DELETE FROM oauth_attempt WHERE partner_id = :partner_id AND created_at < now() - interval '1 day';

-- name: add_attempt!
-- clock_timestamp: transactions that waited for one another would else be ordered by when they began.
INSERT INTO oauth_attempt (state_hash, partner_id, tenant, client_id, code_verifier, created_at, expires_at,
                           begun_by, begun_by_key_id, begun_by_operator, session, halo_tenant)
VALUES (:state_hash, :partner_id, :tenant, :client_id, :code_verifier, clock_timestamp(),
        clock_timestamp() + make_interval(secs => :lifetime_s), :begun_by, :begun_by_key_id, :begun_by_operator,
        :session, :halo_tenant);

-- name: attempts_of_late^
-- How many a partner began within the window, and when the first of them leaves it. Those that a disconnect ended and
-- those that were refused count too: else beginning and disconnecting in turn would have no bound.
SELECT count(*) AS attempts,
       CAST(extract(epoch FROM min(created_at) - clock_timestamp()) AS double precision) + :window_s AS wait_s
FROM oauth_attempt
WHERE partner_id = :partner_id AND created_at > clock_timestamp() - make_interval(secs => :window_s);

-- name: lock_tenant!
-- Two partners that connect one Halo at once come here one after the other, whatever each calls it. Whoever also locks a
-- connection's row does that first; of several names the lesser comes first, so nobody waits for each other.
SELECT pg_advisory_xact_lock(hashtextextended('connection of tenant ' || name, 0)) FROM (
    SELECT DISTINCT halo_of(name) AS name FROM unnest(CAST(:names AS text[])) AS each(name) ORDER BY 1
) AS names;

-- name: tenant_taken$
-- Whether one of these tenants is connected for another partner, and no operator has allowed this one to share it. What
-- the other one says of its Halo (halo_tenant) is its free word, and takes no name from anybody.
SELECT NOT allow_shared_tenant AND EXISTS (
    SELECT FROM connection AS c
    WHERE halo_of(c.tenant) IN (SELECT halo_of(name) FROM unnest(CAST(:names AS text[])) AS each(name))
      AND c.state = 'connected' AND c.partner_id <> p.partner_id
) FROM partner AS p WHERE p.partner_id = :partner_id;

-- name: claim_attempt^
-- Single use: of two at once, the second waits for the first and then finds the row used.
UPDATE oauth_attempt SET used_at = now()
WHERE state_hash = :state_hash AND used_at IS NULL AND expires_at > now()
RETURNING partner_id, tenant, client_id, code_verifier, begun_by, begun_by_key_id, begun_by_operator, session, halo_tenant;

-- name: reopen_attempt!
-- A disconnect that came meanwhile has ended it for good, and so has a newer attempt.
UPDATE oauth_attempt AS a SET used_at = NULL
WHERE a.state_hash = :state_hash AND a.ended_at IS NULL AND NOT EXISTS (
    SELECT FROM oauth_attempt AS n WHERE n.partner_id = a.partner_id AND n.created_at > a.created_at);

-- name: open_attempt^
-- What a page may say of an attempt before it is completed. Looking uses nothing up.
SELECT a.partner_id, p.name AS partner_name, a.tenant, a.client_id, a.session
FROM oauth_attempt AS a JOIN partner AS p USING (partner_id)
WHERE a.state_hash = :state_hash AND a.used_at IS NULL AND a.expires_at > now();

-- name: attempt_partner$
-- Whose a used or expired state was.
SELECT partner_id FROM oauth_attempt WHERE state_hash = :state_hash;

-- name: attempt_stands$
-- Whether the attempt was not erased by a disconnect while its code was exchanged.
SELECT EXISTS (SELECT FROM oauth_attempt WHERE state_hash = :state_hash AND ended_at IS NULL);

-- name: end_attempts!
-- Nothing is left of them but that they were begun, which is counted.
UPDATE oauth_attempt SET used_at = coalesce(used_at, now()), ended_at = now(), code_verifier = '', session = NULL
WHERE partner_id = :partner_id AND ended_at IS NULL;

-- name: put_first_token!
-- A new connection's generations begin at the clock, in milliseconds: a generation that somebody still remembers
-- from a connection erased before is never met again.
INSERT INTO oauth_token (partner_id, generation, access_token, refresh_token, expires_at)
VALUES (:partner_id, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint), :access_token, :refresh_token,
        clock_timestamp() + make_interval(secs => :lifetime_s))
ON CONFLICT (partner_id) DO UPDATE SET
    generation = greatest(oauth_token.generation + 1, excluded.generation), access_token = excluded.access_token,
    refresh_token = excluded.refresh_token, expires_at = excluded.expires_at;

-- name: replace_token^
-- Fenced by the generation that was spent. The second condition makes it safe to repeat after a commit whose answer
-- was lost. No row: the connection was ended or made anew, and these tokens belong to nobody.
UPDATE oauth_token SET
    generation = CAST(:spent AS bigint) + 1, access_token = :access_token, refresh_token = :refresh_token,
    expires_at = clock_timestamp() + make_interval(secs => :lifetime_s)
WHERE partner_id = :partner_id AND (generation = :spent OR access_token = :access_token)
RETURNING generation, access_token, refresh_token, expires_at,
          CAST(extract(epoch FROM expires_at - clock_timestamp()) AS double precision) AS good_for_s;

-- name: delete_token!
DELETE FROM oauth_token WHERE partner_id = :partner_id;

-- name: is_same_halo$
SELECT halo_of(:one) = halo_of(:two);

-- name: establish_connection$
UPDATE connection SET state = 'connected', tenant = :tenant, client_id = :client_id, halo_tenant = :halo_tenant,
    granted_scopes = :granted_scopes, connected_at = now(), problem = NULL
WHERE partner_id = :partner_id RETURNING connected_at;

-- name: break_connection$
-- The clock for the event comes from here too.
UPDATE connection SET state = 'broken', problem = :problem WHERE partner_id = :partner_id RETURNING now();

-- name: break_unproven!
UPDATE connection SET state = 'broken', problem = :problem
WHERE partner_id = :partner_id AND state <> 'connected'
  AND EXISTS (SELECT FROM oauth_attempt WHERE state_hash = :state_hash AND ended_at IS NULL);

-- name: partner_rate^
SELECT rate_requests, rate_window_s FROM partner WHERE partner_id = :partner_id;

-- name: end_connection$
-- Tenant and client id stay: a later connection to another Halo must know that the links are not its own.
UPDATE connection SET state = 'disconnected', granted_scopes = '{}', connected_at = NULL, problem = NULL
WHERE partner_id = :partner_id RETURNING now();

-- name: note_problem!
-- Why the partner is not connected. A connection that works has no problem, whatever became of a later attempt.
UPDATE connection SET problem = :problem WHERE partner_id = :partner_id AND state <> 'connected';

-- name: unlink_clients!
-- Halo's ids mean something else in another Halo; which customers are excluded stays.
UPDATE customer_link SET halo_client_id = NULL, updated_at = now()
WHERE partner_id = :partner_id AND halo_client_id IS NOT NULL;

-- name: forget_snapshot!
-- What was read from one Halo says nothing about another. First and by itself: a writer that is recording what it wrote
-- holds a share lock on this row, and what it then commits must be seen by the statement that follows.
DELETE FROM halo_snapshot WHERE partner_id = :partner_id;

-- name: forget_known!
WITH clients AS (DELETE FROM halo_client WHERE partner_id = :partner_id),
     refresh AS (DELETE FROM halo_refresh WHERE partner_id = :partner_id)
DELETE FROM halo_licence WHERE partner_id = :partner_id;
