-- The tables. Words: docs/glossary.md. Rules: spec section 3 to 5. Functions, triggers and views: store/schema.

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
    paused_at           timestamptz,                              -- null: its runs may start
    allow_shared_tenant boolean NOT NULL DEFAULT false,           -- an operator's word: its Halo may be another's too
    invoice_day         integer NOT NULL DEFAULT 5 CHECK (invoice_day BETWEEN 1 AND 28),
    review_first_sync   boolean NOT NULL DEFAULT true,
    adopt_foreign       boolean NOT NULL DEFAULT false,
    billing_cycles      jsonb NOT NULL DEFAULT '{}',              -- the invoice's word: Halo's word
    licence_type        bigint,                                   -- null: licences of every type
    details             boolean NOT NULL DEFAULT true,
    on_drift            text NOT NULL DEFAULT 'overwrite' CHECK (on_drift IN ('overwrite', 'hold')),
    email_notices       boolean NOT NULL DEFAULT true,
    -- Until then Halo may still be applying writes of a run that ended without learning their outcome.
    settled_at          timestamptz NOT NULL DEFAULT 'epoch',
    CHECK ((guard_max_count IS NULL) = (guard_max_fraction IS NULL)),
    CHECK ((rate_requests IS NULL) = (rate_window_s IS NULL))
);

-- An API key belongs to one partner, or is an operator's. Only its hash is kept.
CREATE TABLE api_key (
    key_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    partner_id  text REFERENCES partner ON DELETE CASCADE, -- null: an operator's
    name        text NOT NULL DEFAULT '',
    role        text NOT NULL DEFAULT 'admin' CHECK (role IN ('viewer', 'biller', 'admin')),
    key_hash    bytea NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz,
    last_used_at timestamptz                                      -- to within a few minutes
);
CREATE INDEX api_key_partner ON api_key (partner_id, revoked_at NULLS FIRST, created_at DESC, key_id);

-- People who may sign in by OpenID Connect, each with a role at a partner, or at several.
CREATE TABLE person (
    email       text NOT NULL CHECK (email <> '' AND email = lower(email)),
    partner_id  text REFERENCES partner ON DELETE CASCADE, -- null: an operator
    role        text NOT NULL CHECK (role IN ('viewer', 'biller', 'admin')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (email, partner_id)
);
CREATE INDEX person_partner ON person (partner_id, email);

-- Sessions of the portal: a browser that signed in with an API key, or a person. Only the hash of the cookie is kept.
CREATE TABLE portal_session (
    token_hash      bytea PRIMARY KEY,
    key_id          uuid REFERENCES api_key ON DELETE CASCADE,
    email           text,                                         -- a person's, who must still be among the people
    acts_for        text REFERENCES partner ON DELETE CASCADE, -- null: no partner has been picked yet
    created_at      timestamptz NOT NULL DEFAULT now(),
    last_seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    notices         jsonb NOT NULL DEFAULT '[]',                  -- what the next page has to say
    CHECK (num_nonnulls(key_id, email) = 1)
);
CREATE INDEX portal_session_key ON portal_session (key_id);
CREATE INDEX portal_session_email ON portal_session (email);
CREATE INDEX portal_session_expiry ON portal_session (expires_at);

-- ---------------------------------------------------------------- connections to Halo
CREATE TABLE connection (
    partner_id      text PRIMARY KEY REFERENCES partner ON DELETE CASCADE,
    state           text NOT NULL DEFAULT 'disconnected' CHECK (state IN ('disconnected', 'connected', 'broken')),
    tenant          text,                                         -- a label, or a whole host name
    client_id       text,
    halo_tenant     text,                                         -- what Halo calls it, where that differs
    granted_scopes  text[] NOT NULL DEFAULT '{}',
    connected_at    timestamptz,
    problem         text
);

-- What the operator says of partners' own domains: which Halo each is a second name of (HALOSYNC_HALO_CUSTOM_HOSTS). No
-- tenant is a host of this table, so a name leads to its Halo in one step. Auth writes it as it starts.
CREATE TABLE halo_alias (
    host            text PRIMARY KEY,
    tenant          text NOT NULL CHECK (tenant <> host)
);

-- One OAuth journey that has begun. The state is kept as a hash, the verifier encrypted.
CREATE TABLE oauth_attempt (
    state_hash      bytea PRIMARY KEY,
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    tenant          text NOT NULL,
    client_id       text NOT NULL,
    code_verifier   bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz,
    -- Only who began the journey can complete it (spec section 10).
    begun_by            text NOT NULL,
    begun_by_key_id     uuid,                                     -- null: not with an API key
    begun_by_operator   boolean NOT NULL,
    halo_tenant         text,                                     -- sent as `tenant`, where it differs from the host
    session             bytea,                                    -- the browser session, by a hash; null: by the API
    ended_at            timestamptz                               -- a disconnect ended it
);
CREATE INDEX oauth_attempt_partner ON oauth_attempt (partner_id, created_at DESC);

-- Tokens, encrypted by auth; the row is locked while a refresh is under way, which makes refreshes single-flight.
CREATE TABLE oauth_token (
    partner_id      text PRIMARY KEY REFERENCES partner ON DELETE CASCADE,
    generation      bigint NOT NULL,
    access_token    bytea NOT NULL,
    refresh_token   bytea NOT NULL,
    expires_at      timestamptz NOT NULL
);
CREATE INDEX oauth_token_expiry ON oauth_token (expires_at);

-- For which requests to auth are sealed; the private key encrypted by auth. The newest is used, the others open what was
-- sealed before.
CREATE TABLE sealing_key (
    key_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_key      bytea NOT NULL,
    private_key     bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);

-- ---------------------------------------------------------------- invoices
CREATE TABLE invoice (
    invoice_pk      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    invoice_id      text NOT NULL,
    revision        integer NOT NULL,
    event_id        uuid NOT NULL,
    replaces        text,
    period          text NOT NULL,
    currency        text NOT NULL,
    issued_at       timestamptz NOT NULL,
    line_count      integer NOT NULL,
    total           numeric NOT NULL,
    recurring       numeric NOT NULL DEFAULT 0,                   -- of total, what recurring lines bill; kept by a trigger
    received_at     timestamptz NOT NULL DEFAULT now(),
    superseded_by   bigint REFERENCES invoice,                    -- null: it is the one that counts
    sync_wanted     boolean NOT NULL DEFAULT false,               -- auto_sync has yet to start a run for it
    purged_at       timestamptz,                                  -- its lines are no longer kept
    UNIQUE (partner_id, invoice_id, revision)
);
-- The newest first (store/schema/invoices.sql says what is newest).
CREATE INDEX invoice_newest ON invoice (partner_id, period DESC, issued_at DESC, invoice_pk DESC)
    WHERE superseded_by IS NULL;
CREATE INDEX invoice_month ON invoice (partner_id, period);
CREATE INDEX invoice_superseded_by ON invoice (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX invoice_sync_wanted ON invoice (partner_id) WHERE sync_wanted;

-- No foreign key: asking it for each line would cost more than all the rest of storing it. The triggers
-- invoice_line_insert and invoice_delete do for an invoice what it would do for each of its lines.
CREATE TABLE invoice_line (
    invoice_pk      bigint NOT NULL,
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
-- Lines that set no licence are few and are skipped without an item of their own. Such a line may lack its customer and
-- its billing cycle: '' then (spec section 9, "Lenient").
CREATE INDEX invoice_line_not_recurring ON invoice_line (invoice_pk, line_no) WHERE kind <> 'recurring';

-- What a person has said of a month with several invoices.
CREATE TABLE month_choice (
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    period          text NOT NULL,
    invoices        text NOT NULL CHECK (invoices IN ('together', 'newest')),   -- which of several count
    PRIMARY KEY (partner_id, period)
);

-- ---------------------------------------------------------------- links
CREATE TABLE customer_link (
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    customer_id     text NOT NULL,
    halo_client_id  bigint,
    excluded        boolean NOT NULL DEFAULT false,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, customer_id)
);

CREATE TABLE product_link (
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    product_code    text NOT NULL,
    licence_name    text NOT NULL,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, product_code)
);

-- ---------------------------------------------------------------- what was last read from Halo
CREATE TABLE halo_snapshot (
    partner_id      text PRIMARY KEY REFERENCES partner ON DELETE CASCADE,
    tenant          text NOT NULL,
    read_at         timestamptz NOT NULL,
    reviewed_at     timestamptz,                                  -- null: the first review is still to be done
    unshown         integer NOT NULL DEFAULT 0                    -- licences that Halo counted and showed nowhere
);
CREATE INDEX halo_snapshot_tenant ON halo_snapshot (tenant);      -- who else has this Halo

-- Licences that a person wants to keep: never removed. Not a column of halo_licence: also of one that is missing.
CREATE TABLE kept_licence (
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    tenant          text NOT NULL,
    halo_licence_id bigint NOT NULL,
    kept_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, tenant, halo_licence_id)
);

CREATE TABLE halo_client (
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    halo_client_id  bigint NOT NULL,
    name            text NOT NULL,
    inactive        boolean NOT NULL,
    PRIMARY KEY (partner_id, halo_client_id)
);

-- Licences of the last complete read, and those that halosync wrote since.
CREATE TABLE halo_licence (
    partner_id          text NOT NULL REFERENCES partner ON DELETE CASCADE,
    halo_licence_id     bigint NOT NULL,
    halo_client_id      bigint NOT NULL,
    name                text NOT NULL,
    quantity            numeric,
    price               numeric,
    purchase_price      numeric,
    billing_cycle       text,
    is_active           boolean NOT NULL,
    foreign_mark        text,                                     -- by which field another integration marks it as its own
    licence_type        bigint,                                   -- Halo's number; 1 is a subscription
    owned               boolean NOT NULL DEFAULT false,           -- halosync created or updated it
    removed_at          timestamptz,                              -- halosync deleted it
    product_code        text,                                     -- the product that halosync wrote it for
    asked_name          text,                                     -- what Halo was to call it, and calls kept_name
    kept_name           text,
    kept_otherwise      jsonb,                                    -- the last wish, if Halo did not keep it to the letter
    -- What halosync wrote last, as Halo kept it; null: not known, or not written by halosync.
    wrote_name          text,
    wrote_quantity      numeric,
    wrote_price         numeric,
    wrote_billing_cycle text,
    wrote_active        boolean,
    wrote_price_field   text,
    -- A licence that came after a create of unknown outcome may be what became of it.
    first_seen_at       timestamptz DEFAULT now(),
    PRIMARY KEY (partner_id, halo_licence_id)
);

-- Licences that the last complete read did not show: all that was known of each, for good. An agent may have seen less for
-- a while, and what is seen again is no stranger. They go with what is known of the Halo.
CREATE TABLE missing_licence (
    LIKE halo_licence INCLUDING ALL,
    FOREIGN KEY (partner_id) REFERENCES halo_snapshot ON DELETE CASCADE
);

-- Licences that halosync wrote for a product and that somebody has deleted in Halo since, until it has a licence again, a
-- run wants none (spec section 11, "Drift"), or its client is gone for long. They go with what is known of the Halo.
CREATE TABLE vanished_licence (
    partner_id      text NOT NULL REFERENCES halo_snapshot ON DELETE CASCADE,
    halo_licence_id bigint NOT NULL,
    halo_client_id  bigint NOT NULL,
    product_code    text NOT NULL,
    client_gone_at  timestamptz,                                  -- since when no read showed the client; null: it is there
    PRIMARY KEY (partner_id, halo_licence_id)
);

-- A read under way, page by page, so that it can pause for the limiter and go on in another process.
CREATE TABLE halo_read (
    read_id         uuid PRIMARY KEY,                             -- the run's id, or a refresh's
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    tenant          text NOT NULL,
    list            text NOT NULL DEFAULT 'clients' CHECK (list IN ('clients', 'licences', 'complete')),
    client_id       bigint,                                       -- whose licences are read; null: everybody's
    said            integer,                                      -- rows of the list of all, when read client by client
    pages           jsonb,                                        -- halosync.domain.completeness.Pages; null: no page yet
    step            integer NOT NULL DEFAULT 0,                   -- pages kept
    restarts        integer NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now()
);

-- The one open request of a partner to read its Halo again (spec section 10).
CREATE TABLE halo_refresh (
    partner_id      text PRIMARY KEY REFERENCES partner ON DELETE CASCADE,
    read_id         uuid NOT NULL,
    alive_at        timestamptz NOT NULL DEFAULT now()            -- when it was asked for, or a planner worked on it last
);

-- How many rows a page of a tenant's list is asked to have, as learnt (spec section 9).
CREATE TABLE halo_page_size (
    tenant          text NOT NULL,
    list            text NOT NULL CHECK (list IN ('clients', 'licences')),
    rows            integer NOT NULL CHECK (rows > 0),
    ceiling         integer CHECK (ceiling > 0),                  -- more is of no use; null: not known
    learnt_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, list)
);

-- How many rows of an array of writes a tenant's Halo takes (halosync.domain.array_size).
CREATE TABLE halo_array_size (
    tenant          text PRIMARY KEY,
    rows            integer NOT NULL CHECK (rows > 0),
    ceiling         integer,                                      -- so many and more are not tried before ceiling_until
    reason          text CHECK (reason IN ('refused', 'unanswered')),
    ceiling_until   timestamptz NOT NULL DEFAULT '-infinity',
    trial_until     timestamptz NOT NULL DEFAULT '-infinity',     -- a writer is trying a larger array
    learnt_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE halo_read_client (
    read_id         uuid NOT NULL REFERENCES halo_read ON DELETE CASCADE,
    halo_client_id  bigint NOT NULL,
    name            text NOT NULL,
    inactive        boolean NOT NULL,
    was_read        boolean NOT NULL DEFAULT false,               -- its licences, where each client's are read alone
    PRIMARY KEY (read_id, halo_client_id)
);
CREATE TABLE halo_read_licence (
    read_id             uuid NOT NULL REFERENCES halo_read ON DELETE CASCADE,
    halo_licence_id     bigint NOT NULL,
    halo_client_id      bigint NOT NULL,
    name                text NOT NULL,
    quantity            numeric,
    price               numeric,
    purchase_price      numeric,
    billing_cycle       text,
    is_active           boolean NOT NULL,
    deleted             boolean NOT NULL,
    foreign_mark        text,
    licence_type        bigint,
    stamp               text,                                     -- that its notes carry; halosync knows its row by it
    product_sku         text,
    -- The list of all showed it; that of its client has not, so far.
    awaited             boolean NOT NULL DEFAULT false,
    PRIMARY KEY (read_id, halo_licence_id)
);

-- ---------------------------------------------------------------- runs, items, batches
CREATE TABLE run (
    run_id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    partner_id          text NOT NULL REFERENCES partner ON DELETE CASCADE,
    invoice_pk          bigint NOT NULL REFERENCES invoice ON DELETE CASCADE,
    tenant              text NOT NULL,
    before_currency     text,                                     -- of what was synchronised before; null: nothing was
    mode                text NOT NULL CHECK (mode IN ('apply', 'preview', 'undo', 'undo_preview')),
    undoes              uuid REFERENCES run,                      -- the run that an undo, or its preview, is about
    state               text NOT NULL DEFAULT 'queued' CHECK (state IN (
                            'queued', 'reading', 'planning', 'writing',
                            'succeeded', 'partial', 'failed', 'cancelled', 'previewed')),
    requested_by        text NOT NULL,
    approve_removals    integer CHECK (approve_removals >= 0),
    approve_review      integer CHECK (approve_review >= 0),
    accept_shrunk_read  boolean NOT NULL DEFAULT false,
    missing_licences    integer,                                  -- of a read that was not believed: known ones it lacked
    removal             text CHECK (removal IN ('delete', 'deactivate', 'zero')),   -- the setting it was planned with
    price_field         text CHECK (price_field IN ('price', 'purchase_price', 'none')),
    licence_type        bigint,
    details             boolean NOT NULL DEFAULT false,           -- whether creates say what the licence is
    review              jsonb,                                    -- what a Sync would do under each choice of the first review
    created_at          timestamptz NOT NULL DEFAULT now(),
    started_at          timestamptz,
    writing_at          timestamptz,
    finished_at         timestamptz,
    cancel_requested_at timestamptz,
    error_code          text,
    error               text,
    attempts            integer NOT NULL DEFAULT 0,               -- failed attempts to read
    -- Customers of the plan without a client in Halo, and what their recurring lines bill; kept by a trigger.
    unmatched_customers integer NOT NULL DEFAULT 0,
    unmatched_amount    numeric NOT NULL DEFAULT 0,
    claim               uuid,                                     -- the planner working on it, until claimed_until
    claimed_until       timestamptz,
    redeliver_at        timestamptz NOT NULL DEFAULT now(),       -- a sweeper asks for it again after this
    halo_requests       integer NOT NULL DEFAULT 0,
    purged_at           timestamptz,                              -- its items and batches are no longer kept
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
    CHECK (synced = created + updated + deleted + unchanged),
    CHECK ((undoes IS NOT NULL) = (mode IN ('undo', 'undo_preview')))
);
-- One run per partner at a time (spec section 2.3).
CREATE UNIQUE INDEX run_one_at_a_time ON run (partner_id) WHERE state IN ('queued', 'reading', 'planning', 'writing');
CREATE INDEX run_newest ON run (partner_id, created_at DESC, run_id);
CREATE INDEX run_invoice ON run (invoice_pk, created_at DESC);    -- the newest run of an invoice
CREATE INDEX run_undoes ON run (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX run_redeliver ON run (redeliver_at) WHERE state IN ('queued', 'reading', 'planning');

-- Further invoices of the same month whose lines are one demand with those of run.invoice_pk. In the run and its items
-- a line of theirs is called line_no + line_offset.
CREATE TABLE run_further_invoice (
    run_id          uuid NOT NULL REFERENCES run ON DELETE CASCADE,
    invoice_pk      bigint NOT NULL REFERENCES invoice ON DELETE CASCADE,
    line_offset     integer NOT NULL CHECK (line_offset > 0),
    PRIMARY KEY (run_id, invoice_pk)
);
CREATE INDEX run_further_invoice_of ON run_further_invoice (invoice_pk);

-- An order to the writers: creates and updates that are one array, or deletes that are one request each.
CREATE TABLE batch (
    batch_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id          uuid NOT NULL REFERENCES run ON DELETE CASCADE,
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    tenant          text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('write', 'delete')),
    state           text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'issued', 'done')),
    failures        integer NOT NULL DEFAULT 0,                   -- passing failures in a row that sent nothing
    refused_generation bigint,                                    -- the token that Halo answered with 401
    refused_rows    bigint[],                                     -- items that a refusal named; null: not refused
    redeliver_at    timestamptz                                   -- issued: a sweeper issues it again after this
);
CREATE INDEX batch_planned ON batch (run_id, batch_id) WHERE state = 'planned';
CREATE INDEX batch_redeliver ON batch (redeliver_at) WHERE state = 'issued';
CREATE INDEX batch_run ON batch (run_id);                         -- how many are done, for the time left
CREATE INDEX batch_open ON batch (run_id) WHERE state <> 'done';

-- The unit of work and of counting (spec section 3, "Items"). The state machine of action_state: docs/actions.md.
CREATE TABLE item (
    item_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id              uuid NOT NULL REFERENCES run ON DELETE CASCADE,
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
    -- What somebody edited in Halo since halosync wrote the licence: fields with what we wrote and what Halo has.
    drift               jsonb,
    -- What a licence that is removed, renamed or brought back was besides: its name, its price in the other field, Halo's
    -- type and product code, and what Halo was told so that it keeps that name. So an undo can bring it back.
    was_name            text,
    was_other_price     numeric,
    was_licence_type    bigint,
    was_asked_name      text,
    was_product_sku     text,
    restores_licence_id bigint,                                   -- the deleted licence that this create brings back
    undoes_item_id      bigint,                                   -- of an undo: the item that this one undoes
    -- What undos have made of what this item did; null: it stands. Kept by a trigger. unsure: nobody knows what became of it.
    undone              text CHECK (undone IN ('undone', 'unsure')),
    -- Whether halosync had written the licence before, and whether it counts as its own once this is written.
    was_owned           boolean NOT NULL DEFAULT false,
    owned_after         boolean NOT NULL DEFAULT true,
    line_nos            integer[] NOT NULL,
    batch_id            bigint REFERENCES batch,
    action_state        text NOT NULL DEFAULT 'none' CHECK (action_state IN (
                            'none', 'waiting', 'sending', 'unknown', 'applied', 'rejected', 'withdrawn')),
    attempts            integer NOT NULL DEFAULT 0,
    -- Marks this action has ever had: a fence that never runs backwards. `attempts` is what a limit or a refused token
    -- gives back, so two marks of one action could carry the same number.
    mark_no             integer NOT NULL DEFAULT 0,
    worker              text,
    send_by             timestamptz,
    settle_at           timestamptz,
    unseen_at           timestamptz,                              -- when a look-up first did not see what it should
    answer_status       integer,                                  -- what Halo answered to the last mark; null: nothing
    answer_words        text,                                     -- its complaint
    UNIQUE (run_id, seq),
    CHECK ((outcome = 'pending') = (action_state IN ('waiting', 'sending', 'unknown')))
);
CREATE INDEX item_outcome ON item (run_id, outcome, seq);
-- The history of a licence; most items of a month change nothing and are no part of it.
CREATE INDEX item_licence ON item (halo_licence_id)
    WHERE halo_licence_id IS NOT NULL AND action IN ('create', 'update', 'delete');
CREATE INDEX item_restores ON item (run_id) WHERE restores_licence_id IS NOT NULL;
CREATE INDEX item_undone ON item (run_id) WHERE undone IS NOT NULL;
CREATE INDEX item_undoes ON item (undoes_item_id) WHERE undoes_item_id IS NOT NULL;
-- Creates that nobody could look up, and whether a later run knows the product's licence: none is made twice.
CREATE INDEX item_unsure ON item (run_id) WHERE action = 'create' AND reason = 'outcome_unknown';
CREATE INDEX item_product ON item (run_id, halo_client_id, product_code)
    WHERE outcome = 'synced' AND halo_licence_id IS NOT NULL;
CREATE INDEX item_batch ON item (batch_id) WHERE batch_id IS NOT NULL;

-- Which item answers for which line of the invoice: item.line_nos turned round. A page of lines finds its items by
-- primary key; without this it would unnest every item of the run. Only for runs that apply: a preview's outcome is
-- never shown beside a line. No foreign keys: the trigger is its only writer, and 100,000 checks would slow planning.
CREATE TABLE item_line (
    run_id      uuid NOT NULL,
    line_no     integer NOT NULL,
    item_id     bigint NOT NULL,
    amount      numeric NOT NULL DEFAULT 0,                       -- what the line bills, if it is recurring
    PRIMARY KEY (run_id, line_no)
);

-- Held items of an earlier run that a person has released for this one, one by one (spec section 11).
CREATE TABLE run_approved_item (
    run_id      uuid NOT NULL REFERENCES run ON DELETE CASCADE,
    item_id     bigint NOT NULL REFERENCES item,
    PRIMARY KEY (run_id, item_id)
);

CREATE INDEX run_approved_item_of ON run_approved_item (item_id);

-- What is marked as purged and may still have rows: one run, or one invoice (halosync.store.retention).
CREATE TABLE purge_left (
    purge_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id      uuid REFERENCES run ON DELETE CASCADE,
    invoice_pk  bigint REFERENCES invoice ON DELETE CASCADE,
    CHECK (num_nonnulls(run_id, invoice_pk) = 1)
);

-- What the licences of a run cost, kept when the run ends: a list of runs would otherwise add up all their items.
CREATE TABLE run_money (
    run_id          uuid NOT NULL REFERENCES run ON DELETE CASCADE,
    billing_cycle   text,                                         -- null: Halo has none
    before          numeric NOT NULL,
    after           numeric NOT NULL
);
CREATE INDEX run_money_run ON run_money (run_id);

-- ---------------------------------------------------------------- the month (spec section 11)
-- What somebody accepted as it is: it holds for the reason that it had then, and for no other.
CREATE TABLE month_acceptance (
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    period          text NOT NULL,
    item_key        text NOT NULL,
    reason          text NOT NULL,
    note            text NOT NULL,
    accepted_by     text NOT NULL,
    accepted_by_key_id uuid,
    accepted_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (partner_id, period, item_key)
);

-- Each time that a month was closed, with the invoices that it was made of, and what was certified then: kept for good,
-- also when the month was opened again. `number` counts from 1 in each month.
CREATE TABLE month_closing (
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    period          text NOT NULL,
    invoice_pks     bigint[] NOT NULL,
    closed_by       text NOT NULL,
    closed_by_key_id uuid,
    closed_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    certificate     jsonb NOT NULL,
    number          integer NOT NULL,
    PRIMARY KEY (partner_id, period, number)
);

-- ---------------------------------------------------------------- what partners are told (spec section 11, "Told")
-- One address that a partner wants to be told at. The secret by which it is signed is sealed for auth.
CREATE TABLE webhook (
    webhook_id      uuid PRIMARY KEY,
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    url             text NOT NULL,
    events          text[],                                       -- null: all, also those of newer versions
    secret_key_id   bigint NOT NULL REFERENCES sealing_key,
    sealed_secret   bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    claimed_until   timestamptz NOT NULL DEFAULT 'epoch',         -- until then one process delivers to it
    rests_until     timestamptz NOT NULL DEFAULT 'epoch',         -- it has failed, and is left alone until then
    failures        integer NOT NULL DEFAULT 0                    -- in a row
);
CREATE INDEX webhook_partner ON webhook (partner_id, created_at, webhook_id);

-- A change of state, written by a trigger in the transaction of the change. It is spread once, to deliveries.
CREATE TABLE notice (
    notice_id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    type            text NOT NULL,
    data            jsonb NOT NULL,
    happened_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    spread_at       timestamptz                                   -- null: not yet
);
CREATE INDEX notice_to_spread ON notice (happened_at) WHERE spread_at IS NULL;
CREATE INDEX notice_age ON notice (happened_at);

-- What was told last of a state that lasts, so that it is told once.
CREATE TABLE notice_state (
    partner_id      text NOT NULL REFERENCES partner ON DELETE CASCADE,
    type            text NOT NULL,
    state           text NOT NULL,
    PRIMARY KEY (partner_id, type)
);

-- A notice on its way to one receiver: a webhook, or a person's e-mail address.
CREATE TABLE notice_delivery (
    delivery_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    notice_id       uuid NOT NULL REFERENCES notice ON DELETE CASCADE,
    webhook_id      uuid REFERENCES webhook ON DELETE CASCADE,
    email           text,
    state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,                   -- since it was last asked for
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked_at        timestamptz NOT NULL DEFAULT clock_timestamp(),  -- since when it is tried: it ends after a day
    CHECK (num_nonnulls(webhook_id, email) = 1),
    UNIQUE NULLS NOT DISTINCT (notice_id, webhook_id, email)
);
CREATE INDEX notice_delivery_due ON notice_delivery (webhook_id, due_at) WHERE state = 'pending';
CREATE INDEX notice_delivery_mail ON notice_delivery (due_at) WHERE state = 'pending' AND email IS NOT NULL;
CREATE INDEX notice_delivery_list ON notice_delivery (webhook_id, created_at DESC, delivery_id);

-- One attempt: what was answered, and how long it took.
CREATE TABLE notice_attempt (
    delivery_id     uuid NOT NULL REFERENCES notice_delivery ON DELETE CASCADE,
    number          integer NOT NULL,
    started_at      timestamptz NOT NULL,
    duration_ms     integer NOT NULL,
    status          integer,                                      -- null: there was no answer
    answer          text,                                         -- its first bytes
    problem         text,                                         -- why it did not succeed, in words
    PRIMARY KEY (delivery_id, number)
);

-- ---------------------------------------------------------------- the audit log
-- Who did what (spec section 2; the portal's audit log). Rows are added in the transaction of the change and never
-- changed or removed. No foreign keys: an entry says what was true then, whatever becomes of the key or the partner.
CREATE TABLE audit_entry (
    audit_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),  -- not the start of a transaction that waited
    partner_id      text,                                         -- null: an act that concerns all partners
    actor           text NOT NULL,                                -- a key's name, auto_sync, Halo
    actor_key_id    uuid,                                         -- null: not done with an API key
    is_operator     boolean NOT NULL,
    act             text NOT NULL,                                -- one of halosync.domain.acts.Act
    subject         text NOT NULL,                                -- what it was done to: an id
    detail          jsonb NOT NULL                                -- what the act's sentence is made of
);
CREATE INDEX audit_entry_newest ON audit_entry (partner_id, audit_id DESC);

-- ---------------------------------------------------------------- messages
-- What a handler has done already, so that a second delivery does nothing.
CREATE TABLE inbox (
    consumer        text NOT NULL,
    event_id        uuid NOT NULL,
    received_at     timestamptz NOT NULL DEFAULT now(),
    content         bytea,                                        -- a digest of what it said; null: it is not asked for
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

-- What nobody could process, with its reason, until an operator replays or discards it (spec section 5.7).
CREATE TABLE dead_letter (
    dead_letter_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue           text NOT NULL,
    message_type    text NOT NULL,
    reason          text NOT NULL,
    body            bytea NOT NULL,
    body_hash       bytea NOT NULL,                               -- of the whole body
    whole_size      bigint,                                       -- in bytes, if only the beginning is kept
    headers         jsonb NOT NULL DEFAULT '{}',
    first_seen      timestamptz NOT NULL DEFAULT now(),
    last_seen       timestamptz NOT NULL DEFAULT now(),
    times_seen      integer NOT NULL DEFAULT 1,
    state           text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'replayed', 'discarded')),
    closed_at       timestamptz
);
-- The same poison delivered twice is one dead letter.
CREATE UNIQUE INDEX dead_letter_kept ON dead_letter (queue, body_hash) WHERE state = 'kept';

-- ---------------------------------------------------------------- the limiter (messaging-facts section 3)
CREATE TABLE rate_tenant (
    tenant          text PRIMARY KEY,
    requests        integer NOT NULL CHECK (requests > 0),
    window_s        double precision NOT NULL CHECK (window_s > 0),
    blocked_until   timestamptz NOT NULL DEFAULT '-infinity',
    -- What others are expected to use in a window: half of what was believed, half of what the last 429 showed.
    foreign_use     double precision NOT NULL DEFAULT 0,
    -- What the last 429 without Retry-After showed: the limit less our permits in use. It holds for one window.
    foreign_seen    integer NOT NULL DEFAULT 0,
    foreign_at      timestamptz,                                  -- when that was; null: never
    strikes         integer NOT NULL DEFAULT 0                    -- 429s in a row, none a window after the one before
) WITH (fillfactor = 50);

-- Permits in use: leased and perhaps in flight, or spent and still inside the window.
CREATE TABLE rate_lease (
    lease_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant          text NOT NULL REFERENCES rate_tenant,
    permits         integer NOT NULL,
    requests        integer NOT NULL,                             -- limit and window that its holder asked under
    window_s        double precision NOT NULL,
    leased_at       timestamptz NOT NULL,
    leased_until    timestamptz NOT NULL,                         -- after that its holder is dead
    finished_at     timestamptz,                                  -- null: open, perhaps in flight
    free_at         timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX rate_lease_tenant ON rate_lease (tenant, free_at);
