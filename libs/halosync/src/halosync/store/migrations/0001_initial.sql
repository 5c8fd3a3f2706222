-- The first schema. Words: docs/glossary.md. Rules: spec section 3 to 5.

-- ---------------------------------------------------------------- partners and their settings
CREATE TABLE partner (
    partner_id          text PRIMARY KEY CHECK (partner_id <> ''),
    name                text NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    auto_sync           boolean NOT NULL DEFAULT false,
    removal             text NOT NULL DEFAULT 'delete' CHECK (removal IN ('delete', 'deactivate', 'zero')),
    cleanup             text NOT NULL DEFAULT 'all' CHECK (cleanup IN ('all', 'owned')),
    price_field         text NOT NULL DEFAULT 'price' CHECK (price_field IN ('price', 'purchase_price', 'none')),
    guard_max_count     integer DEFAULT 10 CHECK (guard_max_count >= 0),
    guard_max_fraction  numeric DEFAULT 0.25 CHECK (guard_max_fraction BETWEEN 0 AND 1),
    rate_requests       integer CHECK (rate_requests > 0),       -- null: the processes' default
    rate_window_s       numeric CHECK (rate_window_s > 0),
    country             text,
    invoice_day         integer NOT NULL DEFAULT 5 CHECK (invoice_day BETWEEN 1 AND 28),
    -- Until then Halo may still be applying writes of a run that ended without learning their outcome.
    settled_at          timestamptz NOT NULL DEFAULT 'epoch',
    CHECK ((guard_max_count IS NULL) = (guard_max_fraction IS NULL)),
    CHECK ((rate_requests IS NULL) = (rate_window_s IS NULL))
);

-- An API key belongs to one partner, or is an operator's. Only its hash is kept.
CREATE TABLE api_key (
    key_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    partner_id  text REFERENCES partner,                          -- null: an operator's
    name        text NOT NULL DEFAULT '',
    key_hash    bytea NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);

-- ---------------------------------------------------------------- connections to Halo
CREATE TABLE connection (
    partner_id      text PRIMARY KEY REFERENCES partner,
    state           text NOT NULL DEFAULT 'disconnected' CHECK (state IN ('disconnected', 'connected', 'broken')),
    tenant          text,
    client_id       text,
    granted_scopes  text[] NOT NULL DEFAULT '{}',
    connected_at    timestamptz,
    problem         text
);

-- One OAuth journey that has begun. The state is kept as a hash, the verifier encrypted.
CREATE TABLE oauth_attempt (
    state_hash      bytea PRIMARY KEY,
    partner_id      text NOT NULL REFERENCES partner,
    tenant          text NOT NULL,
    client_id       text NOT NULL,
    code_verifier   bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz
);
CREATE INDEX oauth_attempt_partner ON oauth_attempt (partner_id, created_at DESC);

-- Tokens, encrypted by auth; the row is locked while a refresh is under way, which makes refreshes single-flight.
CREATE TABLE oauth_token (
    partner_id      text PRIMARY KEY REFERENCES partner,
    generation      bigint NOT NULL,
    access_token    bytea NOT NULL,
    refresh_token   bytea NOT NULL,
    expires_at      timestamptz NOT NULL
);
CREATE INDEX oauth_token_expiry ON oauth_token (expires_at);

-- ---------------------------------------------------------------- invoices
CREATE TABLE invoice (
    invoice_pk      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id      text NOT NULL REFERENCES partner,
    invoice_id      text NOT NULL,
    revision        integer NOT NULL,
    event_id        uuid NOT NULL,
    replaces        text,
    period          text NOT NULL,
    currency        text NOT NULL,
    issued_at       timestamptz NOT NULL,
    line_count      integer NOT NULL,
    total           numeric NOT NULL,
    received_at     timestamptz NOT NULL DEFAULT now(),
    superseded_by   bigint REFERENCES invoice,                    -- null: it is the one that counts
    sync_wanted     boolean NOT NULL DEFAULT false,               -- auto_sync has yet to start a run for it
    UNIQUE (partner_id, invoice_id, revision)
);
CREATE INDEX invoice_newest ON invoice (partner_id, issued_at DESC, invoice_pk DESC) WHERE superseded_by IS NULL;
CREATE INDEX invoice_sync_wanted ON invoice (partner_id) WHERE sync_wanted;

CREATE TABLE invoice_line (
    invoice_pk      bigint NOT NULL REFERENCES invoice,
    line_no         integer NOT NULL,                             -- counted from 1, as in the event
    line_id         text NOT NULL,
    customer_id     text NOT NULL,
    customer_name   text NOT NULL,
    product_code    text NOT NULL,
    product_name    text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('recurring', 'proration', 'credit', 'one_off', 'usage')),
    quantity        numeric NOT NULL,
    unit_price      numeric NOT NULL,
    billing_cycle   text NOT NULL,
    PRIMARY KEY (invoice_pk, line_no)
);

-- ---------------------------------------------------------------- links
CREATE TABLE customer_link (
    partner_id      text NOT NULL REFERENCES partner,
    customer_id     text NOT NULL,
    halo_client_id  bigint,
    excluded        boolean NOT NULL DEFAULT false,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, customer_id)
);

CREATE TABLE product_link (
    partner_id      text NOT NULL REFERENCES partner,
    product_code    text NOT NULL,
    licence_name    text NOT NULL,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, product_code)
);

-- ---------------------------------------------------------------- what was last read from Halo
CREATE TABLE halo_snapshot (
    partner_id      text PRIMARY KEY REFERENCES partner,
    tenant          text NOT NULL,
    read_at         timestamptz NOT NULL
);

CREATE TABLE halo_client (
    partner_id      text NOT NULL REFERENCES partner,
    halo_client_id  bigint NOT NULL,
    name            text NOT NULL,
    inactive        boolean NOT NULL,
    PRIMARY KEY (partner_id, halo_client_id)
);

-- Licences of the last complete read, and those that halosync wrote since.
CREATE TABLE halo_licence (
    partner_id          text NOT NULL REFERENCES partner,
    halo_licence_id     bigint NOT NULL,
    halo_client_id      bigint NOT NULL,
    name                text NOT NULL,
    quantity            numeric,
    price               numeric,
    purchase_price      numeric,
    billing_cycle       text,
    is_active           boolean NOT NULL,
    owned               boolean NOT NULL DEFAULT false,           -- halosync created or updated it
    removed_at          timestamptz,                              -- halosync deleted it
    PRIMARY KEY (partner_id, halo_licence_id)
);

-- A read under way, page by page, so that it can pause for the limiter and go on in another process.
CREATE TABLE halo_read (
    read_id         uuid PRIMARY KEY,                             -- the run's id, or a refresh's
    partner_id      text NOT NULL REFERENCES partner,
    tenant          text NOT NULL,
    list            text NOT NULL DEFAULT 'clients' CHECK (list IN ('clients', 'licences', 'complete')),
    next_page       integer NOT NULL DEFAULT 1,
    record_count    integer,                                      -- of the list being read; null before its first page
    rows            integer NOT NULL DEFAULT 0,                   -- distinct ones received of that list
    restarts        integer NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE halo_read_client (
    read_id         uuid NOT NULL,
    halo_client_id  bigint NOT NULL,
    name            text NOT NULL,
    inactive        boolean NOT NULL,
    PRIMARY KEY (read_id, halo_client_id)
);
CREATE TABLE halo_read_licence (
    read_id             uuid NOT NULL,
    halo_licence_id     bigint NOT NULL,
    halo_client_id      bigint NOT NULL,
    name                text NOT NULL,
    quantity            numeric,
    price               numeric,
    purchase_price      numeric,
    billing_cycle       text,
    is_active           boolean NOT NULL,
    deleted             boolean NOT NULL,
    PRIMARY KEY (read_id, halo_licence_id)
);

-- ---------------------------------------------------------------- runs, items, batches
CREATE TABLE run (
    run_id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    partner_id          text NOT NULL REFERENCES partner,
    invoice_pk          bigint NOT NULL REFERENCES invoice,
    tenant              text NOT NULL,
    mode                text NOT NULL CHECK (mode IN ('apply', 'preview')),
    state               text NOT NULL DEFAULT 'queued' CHECK (state IN (
                            'queued', 'reading', 'planning', 'writing',
                            'succeeded', 'partial', 'failed', 'cancelled', 'previewed')),
    requested_by        text NOT NULL,
    approve_removals    integer CHECK (approve_removals >= 0),
    accept_shrunk_read  boolean NOT NULL DEFAULT false,
    removal             text CHECK (removal IN ('delete', 'deactivate', 'zero')),   -- the setting it was planned with
    price_field         text CHECK (price_field IN ('price', 'purchase_price', 'none')),
    created_at          timestamptz NOT NULL DEFAULT now(),
    started_at          timestamptz,
    writing_at          timestamptz,
    finished_at         timestamptz,
    cancel_requested_at timestamptz,
    error_code          text,
    error               text,
    attempts            integer NOT NULL DEFAULT 0,               -- failed attempts to read
    lease               uuid,                                     -- the planner working on it, until leased_until
    leased_until        timestamptz,
    ring_at             timestamptz NOT NULL DEFAULT now(),       -- a sweeper asks for it again after this
    halo_requests       integer NOT NULL DEFAULT 0,
    total               integer NOT NULL DEFAULT 0,
    synced              integer NOT NULL DEFAULT 0,
    skipped             integer NOT NULL DEFAULT 0,
    held                integer NOT NULL DEFAULT 0,
    failed              integer NOT NULL DEFAULT 0,
    pending             integer NOT NULL DEFAULT 0,
    created             integer NOT NULL DEFAULT 0,
    updated             integer NOT NULL DEFAULT 0,
    deleted             integer NOT NULL DEFAULT 0,
    unchanged           integer NOT NULL DEFAULT 0,
    CHECK (total = synced + skipped + held + failed + pending),
    CHECK (synced = created + updated + deleted + unchanged)
);
-- One run per partner at a time (spec section 2.3).
CREATE UNIQUE INDEX run_one_at_a_time ON run (partner_id) WHERE state IN ('queued', 'reading', 'planning', 'writing');
CREATE INDEX run_newest ON run (partner_id, created_at DESC, run_id);
CREATE INDEX run_ring ON run (ring_at) WHERE state IN ('queued', 'reading', 'planning');

-- An order to the writers: creates and updates that are one array, or deletes that are one request each.
CREATE TABLE batch (
    batch_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id          uuid NOT NULL REFERENCES run,
    partner_id      text NOT NULL REFERENCES partner,
    tenant          text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('write', 'delete')),
    state           text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'issued', 'done')),
    failures        integer NOT NULL DEFAULT 0,                   -- passing failures in a row that sent nothing
    refused_generation bigint,                                    -- the token that Halo answered with 401
    refused_rows    bigint[],                                     -- items that a refusal of the array named; null: not refused
    ring_at         timestamptz                                   -- issued: a sweeper issues it again after this
);
CREATE INDEX batch_planned ON batch (run_id, batch_id) WHERE state = 'planned';
CREATE INDEX batch_ring ON batch (ring_at) WHERE state = 'issued';
CREATE INDEX batch_open ON batch (run_id) WHERE state <> 'done';

-- The unit of work and of counting (spec section 3, "Items"). The state machine of action_state: docs/actions.md.
CREATE TABLE item (
    item_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id              uuid NOT NULL REFERENCES run,
    seq                 integer NOT NULL,
    customer_ids        text[] NOT NULL,
    customer_name       text NOT NULL,
    halo_client_id      bigint,
    product_code        text,
    licence_name        text,
    halo_licence_id     bigint,
    action              text NOT NULL CHECK (action IN ('create', 'update', 'delete', 'unchanged', 'none')),
    outcome             text NOT NULL CHECK (outcome IN ('pending', 'synced', 'skipped', 'held', 'failed')),
    reason              text,
    detail              text,
    before_quantity     numeric,
    before_price        numeric,
    before_billing_cycle text,
    before_active       boolean,                                  -- null: there was no licence
    after_quantity      numeric,
    after_price         numeric,
    after_billing_cycle text,
    after_active        boolean,                                  -- null: there will be no licence
    set_name            text,
    line_nos            integer[] NOT NULL,
    batch_id            bigint REFERENCES batch,
    action_state        text NOT NULL DEFAULT 'none' CHECK (action_state IN (
                            'none', 'waiting', 'sending', 'unknown', 'applied', 'rejected', 'withdrawn')),
    attempts            integer NOT NULL DEFAULT 0,
    worker              text,
    send_by             timestamptz,
    settle_at           timestamptz,
    UNIQUE (run_id, seq),
    CHECK ((outcome = 'pending') = (action_state IN ('waiting', 'sending', 'unknown')))
);
CREATE INDEX item_outcome ON item (run_id, outcome, seq);
CREATE INDEX item_batch ON item (batch_id) WHERE batch_id IS NOT NULL;

-- Counters equal the rows at every moment because the same statement changes both (spec section 4). A change that
-- moves no item between outcomes, such as a mark, does not touch the run and so never waits for its lock.
CREATE FUNCTION item_count_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE run SET
        synced    = run.synced    + d.synced,
        skipped   = run.skipped   + d.skipped,
        held      = run.held      + d.held,
        failed    = run.failed    + d.failed,
        pending   = run.pending   + d.pending,
        created   = run.created   + d.created,
        updated   = run.updated   + d.updated,
        deleted   = run.deleted   + d.deleted,
        unchanged = run.unchanged + d.unchanged
    FROM (
        SELECT run_id,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced'), 0) AS synced,
            coalesce(sum(w) FILTER (WHERE outcome = 'skipped'), 0) AS skipped,
            coalesce(sum(w) FILTER (WHERE outcome = 'held'), 0) AS held,
            coalesce(sum(w) FILTER (WHERE outcome = 'failed'), 0) AS failed,
            coalesce(sum(w) FILTER (WHERE outcome = 'pending'), 0) AS pending,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced' AND action = 'create'), 0) AS created,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced' AND action = 'update'), 0) AS updated,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced' AND action = 'delete'), 0) AS deleted,
            coalesce(sum(w) FILTER (WHERE outcome = 'synced' AND action = 'unchanged'), 0) AS unchanged
        FROM (
            SELECT run_id, outcome, action, sum(w) AS w
            FROM (SELECT run_id, outcome, action, 1 AS w FROM added
                  UNION ALL SELECT run_id, outcome, action, -1 FROM gone) AS change
            GROUP BY run_id, outcome, action HAVING sum(w) <> 0
        ) AS moved
        GROUP BY run_id
    ) AS d
    WHERE run.run_id = d.run_id;
    RETURN NULL;
END $$;
CREATE FUNCTION item_count_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE run SET
        total     = run.total     + d.total,
        synced    = run.synced    + d.synced,
        skipped   = run.skipped   + d.skipped,
        held      = run.held      + d.held,
        failed    = run.failed    + d.failed,
        pending   = run.pending   + d.pending,
        unchanged = run.unchanged + d.synced        -- a plan's only synced items are the unchanged ones
    FROM (
        SELECT run_id,
            count(*) AS total,
            count(*) FILTER (WHERE outcome = 'synced') AS synced,
            count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
            count(*) FILTER (WHERE outcome = 'held') AS held,
            count(*) FILTER (WHERE outcome = 'failed') AS failed,
            count(*) FILTER (WHERE outcome = 'pending') AS pending
        FROM added GROUP BY run_id
    ) AS d
    WHERE run.run_id = d.run_id;
    RETURN NULL;
END $$;
CREATE TRIGGER item_count_inserted AFTER INSERT ON item
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_count_inserted();
CREATE TRIGGER item_count_updated AFTER UPDATE ON item
    REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_count_updated();

-- ---------------------------------------------------------------- messages
-- What a handler has done already, so that a second delivery does nothing.
CREATE TABLE inbox (
    consumer        text NOT NULL,
    event_id        uuid NOT NULL,
    received_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);

-- What is to be published, written in the same transaction as the work it tells of.
CREATE TABLE outbox (
    outbox_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    exchange        text NOT NULL,
    routing_key     text NOT NULL,
    message_type    text NOT NULL,
    body            bytea NOT NULL,
    headers         jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY outbox;
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify();

-- What nobody could process, with its reason, until an operator replays or discards it (spec section 5.7).
CREATE TABLE dead_letter (
    dead_letter_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue           text NOT NULL,
    message_type    text NOT NULL,
    reason          text NOT NULL,
    body            bytea NOT NULL,
    body_hash       bytea NOT NULL,
    headers         jsonb NOT NULL DEFAULT '{}',
    first_seen      timestamptz NOT NULL DEFAULT now(),
    last_seen       timestamptz NOT NULL DEFAULT now(),
    times_seen      integer NOT NULL DEFAULT 1,
    state           text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'replayed', 'discarded')),
    closed_at       timestamptz
);
-- The same poison delivered twice is one dead letter.
CREATE UNIQUE INDEX dead_letter_kept ON dead_letter (queue, body_hash) WHERE state = 'kept';

-- ---------------------------------------------------------------- the limiter (messaging-facts 3)
CREATE TABLE rate_tenant (
    tenant          text PRIMARY KEY,
    requests        integer NOT NULL CHECK (requests > 0),
    window_s        double precision NOT NULL CHECK (window_s > 0),
    blocked_until   timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

-- Permits in use: leased and perhaps in flight, or spent and still inside the window.
CREATE TABLE rate_lease (
    lease_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant          text NOT NULL REFERENCES rate_tenant,
    permits         integer NOT NULL,
    window_s        double precision NOT NULL,
    free_at         timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX rate_lease_tenant ON rate_lease (tenant, free_at);

-- Lease up to p_want permits. The row lock serialises one tenant only; the clock is read after the lock is held.
-- p_hold_s: how long the permits may be unspent or in flight; after that plus the window they come back by themselves.
CREATE FUNCTION rate_acquire(
    p_tenant text, p_requests integer, p_window_s double precision, p_want integer, p_reserve integer,
    p_hold_s double precision, OUT lease_id bigint, OUT granted integer, OUT wait_s double precision
) LANGUAGE plpgsql AS $$
DECLARE
    t rate_tenant;
    used integer;
    moment timestamptz;
BEGIN
    INSERT INTO rate_tenant (tenant, requests, window_s) VALUES (p_tenant, p_requests, p_window_s)
        -- Two partners of one tenant, or a process with other settings: the stricter of what is in use now counts.
        ON CONFLICT (tenant) DO UPDATE SET
            requests = CASE WHEN EXISTS (SELECT FROM rate_lease l WHERE l.tenant = p_tenant
                                         AND l.free_at > clock_timestamp() AND l.window_s <> p_window_s)
                            THEN least(rate_tenant.requests, excluded.requests) ELSE excluded.requests END,
            window_s = greatest(excluded.window_s, (SELECT max(l.window_s) FROM rate_lease l
                                                    WHERE l.tenant = p_tenant AND l.free_at > clock_timestamp()))
        RETURNING * INTO t;
    moment := clock_timestamp();
    granted := 0;
    IF t.blocked_until > moment THEN
        wait_s := extract(epoch FROM t.blocked_until - moment);
        RETURN;
    END IF;
    DELETE FROM rate_lease l WHERE l.tenant = p_tenant AND l.free_at <= moment;
    SELECT coalesce(sum(l.permits), 0) INTO used FROM rate_lease l WHERE l.tenant = p_tenant;
    granted := least(p_want, greatest(t.requests - p_reserve - used, 0));
    IF granted = 0 THEN
        SELECT extract(epoch FROM min(l.free_at) - moment) INTO wait_s FROM rate_lease l WHERE l.tenant = p_tenant;
        wait_s := coalesce(wait_s, t.window_s);
        RETURN;
    END IF;
    INSERT INTO rate_lease (tenant, permits, window_s, free_at)
        VALUES (p_tenant, granted, t.window_s, moment + make_interval(secs => p_hold_s + t.window_s))
        RETURNING rate_lease.lease_id INTO lease_id;
    wait_s := 0;
END $$;

-- The lease's requests have ended: what was spent counts for one window from now, the rest is free at once.
CREATE FUNCTION rate_settle(p_lease_id bigint, p_spent integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_spent = 0 THEN
        DELETE FROM rate_lease WHERE lease_id = p_lease_id;
    ELSE
        UPDATE rate_lease l
            SET permits = p_spent, free_at = clock_timestamp() + make_interval(secs => greatest(l.window_s, t.window_s))
            FROM rate_tenant t WHERE l.lease_id = p_lease_id AND t.tenant = l.tenant;
    END IF;
END $$;
