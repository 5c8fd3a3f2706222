-- The schema after all migrations, as a reader's map. Generated (`make generate`), never edited or applied.
-- Tables come from libs/halosync/src/halosync/store/migrations; functions, triggers and views, with their reasons,
-- are in libs/halosync/src/halosync/store/schema.

CREATE TABLE api_key (
    key_id uuid NOT NULL DEFAULT gen_random_uuid(),
    partner_id text,
    name text NOT NULL DEFAULT ''::text,
    role text NOT NULL DEFAULT 'admin'::text,
    key_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    PRIMARY KEY (key_id),
    UNIQUE (key_hash),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE,
    CHECK ((role = ANY (ARRAY['viewer'::text, 'biller'::text, 'admin'::text])))
);
CREATE INDEX api_key_partner ON api_key USING btree (partner_id, revoked_at NULLS FIRST, created_at DESC, key_id);

CREATE TABLE audit_entry (
    audit_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    partner_id text,
    actor text NOT NULL,
    actor_key_id uuid,
    is_operator boolean NOT NULL,
    act text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (audit_id)
);
CREATE INDEX audit_entry_newest ON audit_entry USING btree (partner_id, audit_id DESC);

CREATE TABLE batch (
    batch_id bigint GENERATED ALWAYS AS IDENTITY,
    run_id uuid NOT NULL,
    partner_id text NOT NULL,
    tenant text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'planned'::text,
    failures integer NOT NULL DEFAULT 0,
    refused_generation bigint,
    refused_rows bigint[],
    redeliver_at timestamp with time zone,
    PRIMARY KEY (batch_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE,
    FOREIGN KEY (run_id) REFERENCES run(run_id) ON DELETE CASCADE,
    CHECK ((kind = ANY (ARRAY['write'::text, 'delete'::text]))),
    CHECK ((state = ANY (ARRAY['planned'::text, 'issued'::text, 'done'::text])))
);
CREATE INDEX batch_open ON batch USING btree (run_id) WHERE (state <> 'done'::text);
CREATE INDEX batch_planned ON batch USING btree (run_id, batch_id) WHERE (state = 'planned'::text);
CREATE INDEX batch_redeliver ON batch USING btree (redeliver_at) WHERE (state = 'issued'::text);
CREATE INDEX batch_run ON batch USING btree (run_id);

CREATE TABLE connection (
    partner_id text NOT NULL,
    state text NOT NULL DEFAULT 'disconnected'::text,
    tenant text,
    client_id text,
    halo_tenant text,
    granted_scopes text[] NOT NULL DEFAULT '{}'::text[],
    connected_at timestamp with time zone,
    problem text,
    PRIMARY KEY (partner_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE,
    CHECK ((state = ANY (ARRAY['disconnected'::text, 'connected'::text, 'broken'::text])))
);

CREATE TABLE customer_link (
    partner_id text NOT NULL,
    customer_id text NOT NULL,
    halo_client_id bigint,
    excluded boolean NOT NULL DEFAULT false,
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, customer_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);

CREATE TABLE dead_letter (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY,
    queue text NOT NULL,
    message_type text NOT NULL,
    reason text NOT NULL,
    body bytea NOT NULL,
    body_hash bytea NOT NULL,
    whole_size bigint,
    headers jsonb NOT NULL DEFAULT '{}'::jsonb,
    first_seen timestamp with time zone NOT NULL DEFAULT now(),
    last_seen timestamp with time zone NOT NULL DEFAULT now(),
    times_seen integer NOT NULL DEFAULT 1,
    state text NOT NULL DEFAULT 'kept'::text,
    closed_at timestamp with time zone,
    PRIMARY KEY (dead_letter_id),
    CHECK ((state = ANY (ARRAY['kept'::text, 'replayed'::text, 'discarded'::text])))
);
CREATE UNIQUE INDEX dead_letter_kept ON dead_letter USING btree (queue, body_hash) WHERE (state = 'kept'::text);

CREATE TABLE halo_alias (
    host text NOT NULL,
    tenant text NOT NULL,
    PRIMARY KEY (host),
    CHECK ((tenant <> host))
);

CREATE TABLE halo_array_size (
    tenant text NOT NULL,
    rows integer NOT NULL,
    ceiling integer,
    reason text,
    ceiling_until timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone,
    trial_until timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone,
    learnt_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant),
    CHECK ((reason = ANY (ARRAY['refused'::text, 'unanswered'::text]))),
    CHECK ((rows > 0))
);

CREATE TABLE halo_client (
    partner_id text NOT NULL,
    halo_client_id bigint NOT NULL,
    name text NOT NULL,
    inactive boolean NOT NULL,
    PRIMARY KEY (partner_id, halo_client_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);

CREATE TABLE halo_licence (
    partner_id text NOT NULL,
    halo_licence_id bigint NOT NULL,
    halo_client_id bigint NOT NULL,
    name text NOT NULL,
    quantity numeric,
    price numeric,
    purchase_price numeric,
    billing_cycle text,
    is_active boolean NOT NULL,
    foreign_mark text,
    licence_type bigint,
    owned boolean NOT NULL DEFAULT false,
    removed_at timestamp with time zone,
    product_code text,
    asked_name text,
    kept_name text,
    kept_otherwise jsonb,
    wrote_name text,
    wrote_quantity numeric,
    wrote_price numeric,
    wrote_billing_cycle text,
    wrote_active boolean,
    wrote_price_field text,
    first_seen_at timestamp with time zone DEFAULT now(),
    PRIMARY KEY (partner_id, halo_licence_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);

CREATE TABLE halo_page_size (
    tenant text NOT NULL,
    list text NOT NULL,
    rows integer NOT NULL,
    ceiling integer,
    learnt_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, list),
    CHECK ((ceiling > 0)),
    CHECK ((list = ANY (ARRAY['clients'::text, 'licences'::text]))),
    CHECK ((rows > 0))
);

CREATE TABLE halo_read (
    read_id uuid NOT NULL,
    partner_id text NOT NULL,
    tenant text NOT NULL,
    list text NOT NULL DEFAULT 'clients'::text,
    client_id bigint,
    said integer,
    pages jsonb,
    step integer NOT NULL DEFAULT 0,
    restarts integer NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (read_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE,
    CHECK ((list = ANY (ARRAY['clients'::text, 'licences'::text, 'complete'::text])))
);

CREATE TABLE halo_read_client (
    read_id uuid NOT NULL,
    halo_client_id bigint NOT NULL,
    name text NOT NULL,
    inactive boolean NOT NULL,
    was_read boolean NOT NULL DEFAULT false,
    PRIMARY KEY (read_id, halo_client_id),
    FOREIGN KEY (read_id) REFERENCES halo_read(read_id) ON DELETE CASCADE
);

CREATE TABLE halo_read_licence (
    read_id uuid NOT NULL,
    halo_licence_id bigint NOT NULL,
    halo_client_id bigint NOT NULL,
    name text NOT NULL,
    quantity numeric,
    price numeric,
    purchase_price numeric,
    billing_cycle text,
    is_active boolean NOT NULL,
    deleted boolean NOT NULL,
    foreign_mark text,
    licence_type bigint,
    stamp text,
    product_sku text,
    awaited boolean NOT NULL DEFAULT false,
    PRIMARY KEY (read_id, halo_licence_id),
    FOREIGN KEY (read_id) REFERENCES halo_read(read_id) ON DELETE CASCADE
);

CREATE TABLE halo_refresh (
    partner_id text NOT NULL,
    read_id uuid NOT NULL,
    alive_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);

CREATE TABLE halo_snapshot (
    partner_id text NOT NULL,
    tenant text NOT NULL,
    read_at timestamp with time zone NOT NULL,
    reviewed_at timestamp with time zone,
    unshown integer NOT NULL DEFAULT 0,
    PRIMARY KEY (partner_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);
CREATE INDEX halo_snapshot_tenant ON halo_snapshot USING btree (tenant);

CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL DEFAULT now(),
    content bytea,
    PRIMARY KEY (consumer, event_id)
);

CREATE TABLE invoice (
    invoice_pk bigint GENERATED ALWAYS AS IDENTITY,
    partner_id text NOT NULL,
    invoice_id text NOT NULL,
    revision integer NOT NULL,
    event_id uuid NOT NULL,
    replaces text,
    period text NOT NULL,
    currency text NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    line_count integer NOT NULL,
    total numeric NOT NULL,
    recurring numeric NOT NULL DEFAULT 0,
    received_at timestamp with time zone NOT NULL DEFAULT now(),
    superseded_by bigint,
    sync_wanted boolean NOT NULL DEFAULT false,
    purged_at timestamp with time zone,
    PRIMARY KEY (invoice_pk),
    UNIQUE (partner_id, invoice_id, revision),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE,
    FOREIGN KEY (superseded_by) REFERENCES invoice(invoice_pk)
);
CREATE INDEX invoice_month ON invoice USING btree (partner_id, period);
CREATE INDEX invoice_newest ON invoice USING btree (partner_id, period DESC, issued_at DESC, invoice_pk DESC) WHERE (superseded_by IS NULL);
CREATE INDEX invoice_superseded_by ON invoice USING btree (superseded_by) WHERE (superseded_by IS NOT NULL);
CREATE INDEX invoice_sync_wanted ON invoice USING btree (partner_id) WHERE sync_wanted;
CREATE TRIGGER invoice_delete AFTER DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION invoice_delete();

CREATE TABLE invoice_line (
    invoice_pk bigint NOT NULL,
    line_no integer NOT NULL,
    line_id text NOT NULL,
    customer_id text NOT NULL,
    customer_name text NOT NULL,
    product_code text NOT NULL,
    product_name text NOT NULL,
    kind text NOT NULL,
    quantity numeric NOT NULL,
    unit_price numeric NOT NULL,
    billing_cycle text NOT NULL,
    PRIMARY KEY (invoice_pk, line_no),
    CHECK ((kind = ANY (ARRAY['recurring'::text, 'proration'::text, 'credit'::text, 'one_off'::text, 'usage'::text])))
);
CREATE INDEX invoice_line_not_recurring ON invoice_line USING btree (invoice_pk, line_no) WHERE (kind <> 'recurring'::text);
CREATE TRIGGER invoice_line_insert AFTER INSERT ON invoice_line REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION invoice_line_insert();

CREATE TABLE item (
    item_id bigint GENERATED ALWAYS AS IDENTITY,
    run_id uuid NOT NULL,
    seq integer NOT NULL,
    customer_ids text[] NOT NULL,
    customer_name text NOT NULL,
    halo_client_id bigint,
    product_code text,
    licence_name text,
    halo_licence_id bigint,
    action text NOT NULL,
    outcome text NOT NULL,
    reason text,
    detail text,
    before_quantity numeric,
    before_price numeric,
    before_billing_cycle text,
    before_active boolean,
    after_quantity numeric,
    after_price numeric,
    after_billing_cycle text,
    after_active boolean,
    set_name text,
    drift jsonb,
    was_name text,
    was_other_price numeric,
    was_licence_type bigint,
    was_asked_name text,
    was_product_sku text,
    restores_licence_id bigint,
    undoes_item_id bigint,
    undone text,
    was_owned boolean NOT NULL DEFAULT false,
    owned_after boolean NOT NULL DEFAULT true,
    line_nos integer[] NOT NULL,
    batch_id bigint,
    action_state text NOT NULL DEFAULT 'none'::text,
    attempts integer NOT NULL DEFAULT 0,
    mark_no integer NOT NULL DEFAULT 0,
    worker text,
    send_by timestamp with time zone,
    settle_at timestamp with time zone,
    unseen_at timestamp with time zone,
    answer_status integer,
    answer_words text,
    PRIMARY KEY (item_id),
    UNIQUE (run_id, seq),
    FOREIGN KEY (batch_id) REFERENCES batch(batch_id),
    FOREIGN KEY (run_id) REFERENCES run(run_id) ON DELETE CASCADE,
    CHECK (((outcome = 'pending'::text) = (action_state = ANY (ARRAY['waiting'::text, 'sending'::text, 'unknown'::text])))),
    CHECK ((action = ANY (ARRAY['create'::text, 'update'::text, 'delete'::text, 'unchanged'::text, 'none'::text]))),
    CHECK ((action_state = ANY (ARRAY['none'::text, 'waiting'::text, 'sending'::text, 'unknown'::text, 'applied'::text, 'rejected'::text, 'withdrawn'::text]))),
    CHECK ((outcome = ANY (ARRAY['pending'::text, 'synced'::text, 'skipped'::text, 'held'::text, 'failed'::text]))),
    CHECK ((undone = ANY (ARRAY['undone'::text, 'unsure'::text])))
);
CREATE INDEX item_batch ON item USING btree (batch_id) WHERE (batch_id IS NOT NULL);
CREATE INDEX item_licence ON item USING btree (halo_licence_id) WHERE ((halo_licence_id IS NOT NULL) AND (action = ANY (ARRAY['create'::text, 'update'::text, 'delete'::text])));
CREATE INDEX item_outcome ON item USING btree (run_id, outcome, seq);
CREATE INDEX item_product ON item USING btree (run_id, halo_client_id, product_code) WHERE ((outcome = 'synced'::text) AND (halo_licence_id IS NOT NULL));
CREATE INDEX item_restores ON item USING btree (run_id) WHERE (restores_licence_id IS NOT NULL);
CREATE INDEX item_undoes ON item USING btree (undoes_item_id) WHERE (undoes_item_id IS NOT NULL);
CREATE INDEX item_undone ON item USING btree (run_id) WHERE (undone IS NOT NULL);
CREATE INDEX item_unsure ON item USING btree (run_id) WHERE ((action = 'create'::text) AND (reason = 'outcome_unknown'::text));
CREATE TRIGGER item_count_inserted AFTER INSERT ON item REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_count_inserted();
CREATE TRIGGER item_count_mark BEFORE UPDATE OF action_state ON item FOR EACH ROW WHEN (((new.action_state = 'sending'::text) AND (old.action_state IS DISTINCT FROM 'sending'::text))) EXECUTE FUNCTION item_count_mark();
CREATE TRIGGER item_count_updated AFTER UPDATE ON item REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_count_updated();
CREATE TRIGGER item_line_insert AFTER INSERT ON item REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION item_line_insert();
CREATE TRIGGER item_undo_inserted AFTER INSERT ON item FOR EACH ROW WHEN (((new.undoes_item_id IS NOT NULL) AND (new.outcome = 'synced'::text))) EXECUTE FUNCTION item_undo();
CREATE TRIGGER item_undo_updated AFTER UPDATE OF outcome ON item FOR EACH ROW WHEN (((new.undoes_item_id IS NOT NULL) AND (new.outcome IS DISTINCT FROM old.outcome) AND ((new.outcome = 'synced'::text) OR ((new.outcome = 'failed'::text) AND ((new.reason = 'outcome_unknown'::text) OR ((new.reason = 'not_kept'::text) AND ((((new.before_quantity IS DISTINCT FROM new.after_quantity) OR (new.before_price IS DISTINCT FROM new.after_price)) OR (new.before_billing_cycle IS DISTINCT FROM new.after_billing_cycle)) OR (new.before_active IS DISTINCT FROM new.after_active)))))))) EXECUTE FUNCTION item_undo();

CREATE TABLE item_line (
    run_id uuid NOT NULL,
    line_no integer NOT NULL,
    item_id bigint NOT NULL,
    amount numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, line_no)
);

CREATE TABLE kept_licence (
    partner_id text NOT NULL,
    tenant text NOT NULL,
    halo_licence_id bigint NOT NULL,
    kept_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, tenant, halo_licence_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);

CREATE TABLE migration (
    name text NOT NULL,
    sha256 text NOT NULL,
    version text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (name, sha256)
);

CREATE TABLE missing_licence (
    partner_id text NOT NULL,
    halo_licence_id bigint NOT NULL,
    halo_client_id bigint NOT NULL,
    name text NOT NULL,
    quantity numeric,
    price numeric,
    purchase_price numeric,
    billing_cycle text,
    is_active boolean NOT NULL,
    foreign_mark text,
    licence_type bigint,
    owned boolean NOT NULL DEFAULT false,
    removed_at timestamp with time zone,
    product_code text,
    asked_name text,
    kept_name text,
    kept_otherwise jsonb,
    wrote_name text,
    wrote_quantity numeric,
    wrote_price numeric,
    wrote_billing_cycle text,
    wrote_active boolean,
    wrote_price_field text,
    first_seen_at timestamp with time zone DEFAULT now(),
    PRIMARY KEY (partner_id, halo_licence_id),
    FOREIGN KEY (partner_id) REFERENCES halo_snapshot(partner_id) ON DELETE CASCADE
);

CREATE TABLE month_acceptance (
    partner_id text NOT NULL,
    period text NOT NULL,
    item_key text NOT NULL,
    reason text NOT NULL,
    note text NOT NULL,
    accepted_by text NOT NULL,
    accepted_by_key_id uuid,
    accepted_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (partner_id, period, item_key),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);

CREATE TABLE month_choice (
    partner_id text NOT NULL,
    period text NOT NULL,
    invoices text NOT NULL,
    PRIMARY KEY (partner_id, period),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE,
    CHECK ((invoices = ANY (ARRAY['together'::text, 'newest'::text])))
);

CREATE TABLE month_closing (
    partner_id text NOT NULL,
    period text NOT NULL,
    invoice_pks bigint[] NOT NULL,
    closed_by text NOT NULL,
    closed_by_key_id uuid,
    closed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    certificate jsonb NOT NULL,
    number integer NOT NULL,
    PRIMARY KEY (partner_id, period, number),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);

CREATE TABLE notice (
    notice_id uuid NOT NULL DEFAULT gen_random_uuid(),
    partner_id text NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL,
    happened_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    spread_at timestamp with time zone,
    PRIMARY KEY (notice_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);
CREATE INDEX notice_age ON notice USING btree (happened_at);
CREATE INDEX notice_to_spread ON notice USING btree (happened_at) WHERE (spread_at IS NULL);

CREATE TABLE notice_attempt (
    delivery_id uuid NOT NULL,
    number integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    answer text,
    problem text,
    PRIMARY KEY (delivery_id, number),
    FOREIGN KEY (delivery_id) REFERENCES notice_delivery(delivery_id) ON DELETE CASCADE
);

CREATE TABLE notice_delivery (
    delivery_id uuid NOT NULL DEFAULT gen_random_uuid(),
    notice_id uuid NOT NULL,
    webhook_id uuid,
    email text,
    state text NOT NULL DEFAULT 'pending'::text,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    due_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    asked_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (delivery_id),
    UNIQUE NULLS NOT DISTINCT (notice_id, webhook_id, email),
    FOREIGN KEY (notice_id) REFERENCES notice(notice_id) ON DELETE CASCADE,
    FOREIGN KEY (webhook_id) REFERENCES webhook(webhook_id) ON DELETE CASCADE,
    CHECK ((num_nonnulls(webhook_id, email) = 1)),
    CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text])))
);
CREATE INDEX notice_delivery_due ON notice_delivery USING btree (webhook_id, due_at) WHERE (state = 'pending'::text);
CREATE INDEX notice_delivery_list ON notice_delivery USING btree (webhook_id, created_at DESC, delivery_id);
CREATE INDEX notice_delivery_mail ON notice_delivery USING btree (due_at) WHERE ((state = 'pending'::text) AND (email IS NOT NULL));

CREATE TABLE notice_state (
    partner_id text NOT NULL,
    type text NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (partner_id, type),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);

CREATE TABLE oauth_attempt (
    state_hash bytea NOT NULL,
    partner_id text NOT NULL,
    tenant text NOT NULL,
    client_id text NOT NULL,
    code_verifier bytea NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    begun_by text NOT NULL,
    begun_by_key_id uuid,
    begun_by_operator boolean NOT NULL,
    halo_tenant text,
    session bytea,
    ended_at timestamp with time zone,
    PRIMARY KEY (state_hash),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);
CREATE INDEX oauth_attempt_partner ON oauth_attempt USING btree (partner_id, created_at DESC);

CREATE TABLE oauth_token (
    partner_id text NOT NULL,
    generation bigint NOT NULL,
    access_token bytea NOT NULL,
    refresh_token bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    PRIMARY KEY (partner_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);
CREATE INDEX oauth_token_expiry ON oauth_token USING btree (expires_at);

CREATE TABLE outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY,
    exchange text NOT NULL,
    routing_key text NOT NULL,
    message_type text NOT NULL,
    body bytea NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}'::jsonb,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (outbox_id)
);
CREATE TRIGGER outbox_notice AFTER INSERT ON outbox FOR EACH ROW WHEN ((new.message_type = ANY (ARRAY['invoice.accepted.v1'::text, 'run.finished.v1'::text, 'connection.lost.v1'::text, 'month.closed.v1'::text]))) EXECUTE FUNCTION outbox_notice();
CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT WHEN ((COALESCE(current_setting('halosync.relay'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION outbox_notify();

CREATE TABLE partner (
    partner_id text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    auto_sync boolean NOT NULL DEFAULT false,
    removal text NOT NULL DEFAULT 'delete'::text,
    cleanup text NOT NULL DEFAULT 'all'::text,
    price_field text NOT NULL DEFAULT 'price'::text,
    guard_max_count integer DEFAULT 10,
    guard_max_fraction numeric DEFAULT 0.25,
    rate_requests integer,
    rate_window_s numeric,
    country text,
    paused_at timestamp with time zone,
    allow_shared_tenant boolean NOT NULL DEFAULT false,
    invoice_day integer NOT NULL DEFAULT 5,
    review_first_sync boolean NOT NULL DEFAULT true,
    adopt_foreign boolean NOT NULL DEFAULT false,
    billing_cycles jsonb NOT NULL DEFAULT '{}'::jsonb,
    licence_type bigint,
    details boolean NOT NULL DEFAULT true,
    on_drift text NOT NULL DEFAULT 'overwrite'::text,
    email_notices boolean NOT NULL DEFAULT true,
    settled_at timestamp with time zone NOT NULL DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone,
    PRIMARY KEY (partner_id),
    CHECK (((guard_max_count IS NULL) = (guard_max_fraction IS NULL))),
    CHECK (((guard_max_fraction >= (0)::numeric) AND (guard_max_fraction <= (1)::numeric))),
    CHECK (((invoice_day >= 1) AND (invoice_day <= 28))),
    CHECK (((rate_requests IS NULL) = (rate_window_s IS NULL))),
    CHECK ((cleanup = ANY (ARRAY['all'::text, 'owned'::text]))),
    CHECK ((guard_max_count >= 0)),
    CHECK ((on_drift = ANY (ARRAY['overwrite'::text, 'hold'::text]))),
    CHECK ((partner_id <> ''::text)),
    CHECK ((price_field = ANY (ARRAY['price'::text, 'purchase_price'::text, 'none'::text]))),
    CHECK ((rate_requests > 0)),
    CHECK ((rate_window_s > (0)::numeric)),
    CHECK ((removal = ANY (ARRAY['delete'::text, 'deactivate'::text, 'zero'::text])))
);

CREATE TABLE person (
    email text NOT NULL,
    partner_id text,
    role text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (email, partner_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE,
    CHECK (((email <> ''::text) AND (email = lower(email)))),
    CHECK ((role = ANY (ARRAY['viewer'::text, 'biller'::text, 'admin'::text])))
);
CREATE INDEX person_partner ON person USING btree (partner_id, email);

CREATE TABLE portal_session (
    token_hash bytea NOT NULL,
    key_id uuid,
    email text,
    acts_for text,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    last_seen_at timestamp with time zone NOT NULL DEFAULT now(),
    expires_at timestamp with time zone NOT NULL,
    notices jsonb NOT NULL DEFAULT '[]'::jsonb,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (acts_for) REFERENCES partner(partner_id) ON DELETE CASCADE,
    FOREIGN KEY (key_id) REFERENCES api_key(key_id) ON DELETE CASCADE,
    CHECK ((num_nonnulls(key_id, email) = 1))
);
CREATE INDEX portal_session_email ON portal_session USING btree (email);
CREATE INDEX portal_session_expiry ON portal_session USING btree (expires_at);
CREATE INDEX portal_session_key ON portal_session USING btree (key_id);

CREATE TABLE product_link (
    partner_id text NOT NULL,
    product_code text NOT NULL,
    licence_name text NOT NULL,
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (partner_id, product_code),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE
);

CREATE TABLE purge_left (
    purge_id bigint GENERATED ALWAYS AS IDENTITY,
    run_id uuid,
    invoice_pk bigint,
    PRIMARY KEY (purge_id),
    FOREIGN KEY (invoice_pk) REFERENCES invoice(invoice_pk) ON DELETE CASCADE,
    FOREIGN KEY (run_id) REFERENCES run(run_id) ON DELETE CASCADE,
    CHECK ((num_nonnulls(run_id, invoice_pk) = 1))
);

CREATE TABLE rate_lease (
    lease_id bigint GENERATED ALWAYS AS IDENTITY,
    tenant text NOT NULL,
    permits integer NOT NULL,
    requests integer NOT NULL,
    window_s double precision NOT NULL,
    leased_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    free_at timestamp with time zone NOT NULL,
    PRIMARY KEY (lease_id),
    FOREIGN KEY (tenant) REFERENCES rate_tenant(tenant)
) WITH (autovacuum_vacuum_scale_factor=0.02);
CREATE INDEX rate_lease_tenant ON rate_lease USING btree (tenant, free_at);

CREATE TABLE rate_tenant (
    tenant text NOT NULL,
    requests integer NOT NULL,
    window_s double precision NOT NULL,
    blocked_until timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone,
    foreign_use double precision NOT NULL DEFAULT 0,
    foreign_seen integer NOT NULL DEFAULT 0,
    foreign_at timestamp with time zone,
    strikes integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant),
    CHECK ((requests > 0)),
    CHECK ((window_s > (0)::double precision))
) WITH (fillfactor=50);

CREATE TABLE run (
    run_id uuid NOT NULL DEFAULT gen_random_uuid(),
    partner_id text NOT NULL,
    invoice_pk bigint NOT NULL,
    tenant text NOT NULL,
    before_currency text,
    mode text NOT NULL,
    undoes uuid,
    state text NOT NULL DEFAULT 'queued'::text,
    requested_by text NOT NULL,
    approve_removals integer,
    approve_review integer,
    accept_shrunk_read boolean NOT NULL DEFAULT false,
    missing_licences integer,
    removal text,
    price_field text,
    licence_type bigint,
    details boolean NOT NULL DEFAULT false,
    review jsonb,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    started_at timestamp with time zone,
    writing_at timestamp with time zone,
    finished_at timestamp with time zone,
    cancel_requested_at timestamp with time zone,
    error_code text,
    error text,
    attempts integer NOT NULL DEFAULT 0,
    unmatched_customers integer NOT NULL DEFAULT 0,
    unmatched_amount numeric NOT NULL DEFAULT 0,
    claim uuid,
    claimed_until timestamp with time zone,
    redeliver_at timestamp with time zone NOT NULL DEFAULT now(),
    halo_requests integer NOT NULL DEFAULT 0,
    purged_at timestamp with time zone,
    total integer NOT NULL DEFAULT 0,
    synced integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0,
    held integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    pending integer NOT NULL DEFAULT 0,
    created integer NOT NULL DEFAULT 0,
    updated integer NOT NULL DEFAULT 0,
    deleted integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id),
    FOREIGN KEY (invoice_pk) REFERENCES invoice(invoice_pk) ON DELETE CASCADE,
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE,
    FOREIGN KEY (undoes) REFERENCES run(run_id),
    CHECK (((undoes IS NOT NULL) = (mode = ANY (ARRAY['undo'::text, 'undo_preview'::text])))),
    CHECK ((approve_removals >= 0)),
    CHECK ((approve_review >= 0)),
    CHECK ((mode = ANY (ARRAY['apply'::text, 'preview'::text, 'undo'::text, 'undo_preview'::text]))),
    CHECK ((price_field = ANY (ARRAY['price'::text, 'purchase_price'::text, 'none'::text]))),
    CHECK ((removal = ANY (ARRAY['delete'::text, 'deactivate'::text, 'zero'::text]))),
    CHECK ((state = ANY (ARRAY['queued'::text, 'reading'::text, 'planning'::text, 'writing'::text, 'succeeded'::text, 'partial'::text, 'failed'::text, 'cancelled'::text, 'previewed'::text]))),
    CHECK ((synced = (((created + updated) + deleted) + unchanged))),
    CHECK ((total = ((((synced + skipped) + held) + failed) + pending)))
);
CREATE INDEX run_invoice ON run USING btree (invoice_pk, created_at DESC);
CREATE INDEX run_newest ON run USING btree (partner_id, created_at DESC, run_id);
CREATE UNIQUE INDEX run_one_at_a_time ON run USING btree (partner_id) WHERE (state = ANY (ARRAY['queued'::text, 'reading'::text, 'planning'::text, 'writing'::text]));
CREATE INDEX run_redeliver ON run USING btree (redeliver_at) WHERE (state = ANY (ARRAY['queued'::text, 'reading'::text, 'planning'::text]));
CREATE INDEX run_undoes ON run USING btree (undoes) WHERE (undoes IS NOT NULL);
CREATE TRIGGER run_money_keep AFTER UPDATE OF state ON run FOR EACH ROW WHEN (((old.state = ANY (ARRAY['queued'::text, 'reading'::text, 'planning'::text, 'writing'::text])) AND (new.state <> ALL (ARRAY['queued'::text, 'reading'::text, 'planning'::text, 'writing'::text])))) EXECUTE FUNCTION run_money_keep();

CREATE TABLE run_approved_item (
    run_id uuid NOT NULL,
    item_id bigint NOT NULL,
    PRIMARY KEY (run_id, item_id),
    FOREIGN KEY (item_id) REFERENCES item(item_id),
    FOREIGN KEY (run_id) REFERENCES run(run_id) ON DELETE CASCADE
);
CREATE INDEX run_approved_item_of ON run_approved_item USING btree (item_id);

CREATE TABLE run_further_invoice (
    run_id uuid NOT NULL,
    invoice_pk bigint NOT NULL,
    line_offset integer NOT NULL,
    PRIMARY KEY (run_id, invoice_pk),
    FOREIGN KEY (invoice_pk) REFERENCES invoice(invoice_pk) ON DELETE CASCADE,
    FOREIGN KEY (run_id) REFERENCES run(run_id) ON DELETE CASCADE,
    CHECK ((line_offset > 0))
);
CREATE INDEX run_further_invoice_of ON run_further_invoice USING btree (invoice_pk);

CREATE TABLE run_money (
    run_id uuid NOT NULL,
    billing_cycle text,
    before numeric NOT NULL,
    after numeric NOT NULL,
    FOREIGN KEY (run_id) REFERENCES run(run_id) ON DELETE CASCADE
);
CREATE INDEX run_money_run ON run_money USING btree (run_id);

CREATE TABLE sealing_key (
    key_id bigint GENERATED ALWAYS AS IDENTITY,
    public_key bytea NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    PRIMARY KEY (key_id)
);

CREATE TABLE vanished_licence (
    partner_id text NOT NULL,
    halo_licence_id bigint NOT NULL,
    halo_client_id bigint NOT NULL,
    product_code text NOT NULL,
    client_gone_at timestamp with time zone,
    PRIMARY KEY (partner_id, halo_licence_id),
    FOREIGN KEY (partner_id) REFERENCES halo_snapshot(partner_id) ON DELETE CASCADE
);

CREATE TABLE webhook (
    webhook_id uuid NOT NULL,
    partner_id text NOT NULL,
    url text NOT NULL,
    events text[],
    secret_key_id bigint NOT NULL,
    sealed_secret bytea NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    claimed_until timestamp with time zone NOT NULL DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone,
    rests_until timestamp with time zone NOT NULL DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone,
    failures integer NOT NULL DEFAULT 0,
    PRIMARY KEY (webhook_id),
    FOREIGN KEY (partner_id) REFERENCES partner(partner_id) ON DELETE CASCADE,
    FOREIGN KEY (secret_key_id) REFERENCES sealing_key(key_id)
);
CREATE INDEX webhook_partner ON webhook USING btree (partner_id, created_at, webhook_id);

-- VIEW broken_invariant
--     invariant text
--     partner_id text
--     subject text
--     detail text

-- VIEW invoice_of_run
--     run_id uuid
--     invoice_pk bigint
--     line_offset integer

-- VIEW item_money
--     run_id uuid
--     action text
--     outcome text
--     waits text
--     customer text
--     billing_cycle text
--     before numeric
--     after numeric

-- VIEW item_view
--     run_id uuid
--     item_id bigint
--     seq integer
--     customer_ids text[]
--     customer_name text
--     halo_client_id bigint
--     product_code text
--     licence_name text
--     halo_licence_id bigint
--     action text
--     outcome text
--     reason text
--     detail text
--     before_quantity numeric
--     before_price numeric
--     before_billing_cycle text
--     before_active boolean
--     after_quantity numeric
--     after_price numeric
--     after_billing_cycle text
--     after_active boolean
--     attempts integer
--     item_key text
--     drift jsonb
--     restores_licence_id bigint
--     undone text

-- VIEW licence_memory
--     partner_id text
--     halo_licence_id bigint
--     halo_client_id bigint
--     name text
--     quantity numeric
--     price numeric
--     purchase_price numeric
--     billing_cycle text
--     is_active boolean
--     foreign_mark text
--     licence_type bigint
--     owned boolean
--     removed_at timestamp with time zone
--     product_code text
--     asked_name text
--     kept_name text
--     kept_otherwise jsonb
--     wrote_name text
--     wrote_quantity numeric
--     wrote_price numeric
--     wrote_billing_cycle text
--     wrote_active boolean
--     wrote_price_field text
--     first_seen_at timestamp with time zone
--     is_missing boolean

-- VIEW licence_view
--     partner_id text
--     halo_licence_id bigint
--     halo_client_id bigint
--     client_name text
--     name text
--     quantity numeric
--     price numeric
--     purchase_price numeric
--     billing_cycle text
--     is_active boolean
--     owned boolean
--     foreign_mark text
--     keep boolean
--     removed_at timestamp with time zone
--     read_at timestamp with time zone

-- VIEW owed_sync
--     partner_id text
--     invoice_id text

-- VIEW rate_standing
--     tenant text
--     requests integer
--     window_s double precision
--     effective integer
--     reserve integer
--     in_use integer
--     left_now integer
--     next_free_at timestamp with time zone
--     blocked_until timestamp with time zone

-- VIEW run_view
--     run_id uuid
--     partner_id text
--     invoice_pk bigint
--     invoice_id text
--     revision integer
--     period text
--     currency text
--     before_currency text
--     superseded boolean
--     mode text
--     state text
--     requested_by text
--     approve_removals integer
--     approve_review integer
--     accept_shrunk_read boolean
--     removal text
--     undoes uuid
--     created_at timestamp with time zone
--     started_at timestamp with time zone
--     finished_at timestamp with time zone
--     cancel_requested_at timestamp with time zone
--     error_code text
--     error text
--     halo_requests integer
--     total integer
--     synced integer
--     skipped integer
--     held integer
--     failed integer
--     pending integer
--     created integer
--     updated integer
--     deleted integer
--     unchanged integer

-- VIEW standing_item
--     run_id uuid
--     item_id bigint
--     line_nos integer[]
--     action text
--     outcome text
--     reason text
--     detail text
--     undone text
--     before_quantity numeric
--     before_price numeric
--     before_billing_cycle text
--     before_active boolean
--     after_quantity numeric
--     after_price numeric
--     after_billing_cycle text
--     after_active boolean

CREATE FUNCTION billed_lines(p_invoice_pk bigint, p_customers text[] DEFAULT NULL::text[])
 RETURNS SETOF invoice_line
 LANGUAGE plpgsql
 STABLE
AS $function$
BEGIN
    IF p_customers IS NULL THEN
        RETURN QUERY SELECT * FROM invoice_line l WHERE l.invoice_pk = p_invoice_pk AND l.kind = 'recurring';
    ELSE
        RETURN QUERY SELECT * FROM invoice_line l
            WHERE l.invoice_pk = p_invoice_pk AND l.kind = 'recurring' AND l.customer_id = ANY (p_customers);
    END IF;
END $function$;

CREATE FUNCTION billing_cycle_key(cycle text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT lower(btrim(regexp_replace(normalize(coalesce(cycle, ''), NFKC), '\s+', ' ', 'g')))
$function$;

CREATE FUNCTION chosen_audit_entries(p_partner_id text, p_acts text[], p_since timestamp with time zone, p_until timestamp with time zone, p_actor text, p_pattern text, p_named text[], p_period text)
 RETURNS SETOF audit_entry
 LANGUAGE sql
 STABLE
AS $function$
    SELECT * FROM audit_entry e
    WHERE e.partner_id = p_partner_id
      AND (p_acts IS NULL OR e.act = ANY(p_acts))
      AND (p_since IS NULL OR e.at >= p_since)
      AND (p_until IS NULL OR e.at < p_until)
      AND (p_actor IS NULL OR e.actor = p_actor)
      AND (p_pattern IS NULL OR e.act = ANY(p_named) OR e.subject = p_period
           OR concat_ws(chr(10), e.actor, e.subject, CAST(e.detail AS text)) ILIKE p_pattern)
$function$;

CREATE FUNCTION halo_names(p_tenant text)
 RETURNS text[]
 LANGUAGE sql
 STABLE
AS $function$
    SELECT ARRAY(SELECT name FROM (
        SELECT halo_of(p_tenant) AS name UNION SELECT a.host FROM halo_alias a WHERE a.tenant = halo_of(p_tenant)) AS known
        WHERE halo_of(name) = halo_of(p_tenant))
$function$;

CREATE FUNCTION halo_of(p_tenant text)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce((SELECT a.tenant FROM halo_alias a WHERE a.host = p_tenant), p_tenant)
$function$;

CREATE FUNCTION has_written_before(r run)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT EXISTS (SELECT FROM run o WHERE o.partner_id = r.partner_id AND o.run_id <> r.run_id
                   AND o.writing_at IS NOT NULL)
$function$;

CREATE FUNCTION ids_of_licence(p_partner_id text, p_licence_id bigint)
 RETURNS bigint[]
 LANGUAGE sql
 STABLE
AS $function$
    WITH RECURSIVE pair AS MATERIALIZED (SELECT * FROM restored_licences(p_partner_id)),
    one AS (
        SELECT p_licence_id AS id
        UNION SELECT CASE WHEN pair.licence_id = one.id THEN pair.is_now ELSE pair.licence_id END
        FROM one JOIN pair ON one.id IN (pair.licence_id, pair.is_now)
    )
    SELECT array_agg(one.id) FROM one
$function$;

CREATE FUNCTION invoice_delete()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    DELETE FROM invoice_line WHERE invoice_pk = OLD.invoice_pk;
    RETURN NULL;
END $function$;

CREATE FUNCTION invoice_line_insert()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    homeless boolean;
BEGIN
    WITH d AS MATERIALIZED (
        SELECT invoice_pk, coalesce(sum(round(quantity * unit_price, 2)) FILTER (WHERE kind = 'recurring'), 0) AS amount
        FROM added GROUP BY invoice_pk
    ), counted AS (
        UPDATE invoice SET recurring = recurring + d.amount FROM d WHERE invoice.invoice_pk = d.invoice_pk RETURNING 1
    )
    SELECT (SELECT count(*) FROM d) > (SELECT count(*) FROM counted) INTO homeless;
    IF homeless THEN
        RAISE foreign_key_violation USING MESSAGE = 'a line of an invoice that is not there';
    END IF;
    RETURN NULL;
END $function$;

CREATE FUNCTION invoices_that_count(p_partner_id text, p_period text)
 RETURNS bigint[]
 LANGUAGE sql
 STABLE
AS $function$
    SELECT array_agg(i.invoice_pk ORDER BY i.invoice_pk)
    FROM (
        SELECT invoice_pk, row_number() OVER newest AS place, currency = first_value(currency) OVER newest AS adds_up
        FROM invoice WHERE partner_id = p_partner_id AND period = p_period AND superseded_by IS NULL
        WINDOW newest AS (ORDER BY issued_at DESC, invoice_pk DESC)
    ) AS i
    LEFT JOIN month_choice m ON m.partner_id = p_partner_id AND m.period = p_period
    WHERE i.place = 1 OR (m.invoices = 'together' AND i.adds_up)
$function$;

CREATE FUNCTION invoices_to_sync(p_partner_id text)
 RETURNS bigint[]
 LANGUAGE sql
 STABLE
AS $function$
    SELECT invoices_that_count(p_partner_id, period) FROM invoice WHERE invoice_pk = newest_invoice(p_partner_id)
$function$;

CREATE FUNCTION item_count_inserted()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
    -- Plans alone skip an item for want of a client, and what is skipped stays so.
    IF NOT EXISTS (SELECT FROM added WHERE outcome = 'skipped'
                   AND reason IN ('customer_not_found', 'customer_ambiguous')) THEN
        RETURN NULL;
    END IF;
    UPDATE run SET
        unmatched_customers = run.unmatched_customers + d.customers,
        unmatched_amount    = run.unmatched_amount    + d.amount
    FROM (
        WITH skipped AS MATERIALIZED (
            SELECT run_id, unnest(line_nos) AS line_no FROM added
            WHERE outcome = 'skipped' AND reason IN ('customer_not_found', 'customer_ambiguous')
        ), line AS MATERIALIZED (
            SELECT r.run_id, l.* FROM (SELECT DISTINCT run_id FROM skipped) AS r CROSS JOIN LATERAL recurring_lines(r.run_id) AS l
        )
        SELECT run_id, count(DISTINCT customer_id) AS customers, sum(amount) AS amount
        FROM skipped JOIN line USING (run_id, line_no) GROUP BY run_id
    ) AS d
    WHERE run.run_id = d.run_id;
    RETURN NULL;
END $function$;

CREATE FUNCTION item_count_mark()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.mark_no := OLD.mark_no + 1;
    RETURN NEW;
END $function$;

CREATE FUNCTION item_count_updated()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
END $function$;

CREATE FUNCTION item_customer(halo_client_id bigint, customer_ids text[])
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce('halo-' || halo_client_id, 'customer-' || customer_ids[1], '')
$function$;

CREATE FUNCTION item_key(customer_ids text[], product_code text, halo_licence_id bigint)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT left(encode(sha256(convert_to(
        CASE WHEN product_code IS NULL THEN concat_ws(chr(31), 'licence', halo_licence_id)
             ELSE concat_ws(chr(31), 'product', customer_ids[1], product_key(product_code)) END,
        'UTF8')), 'hex'), 32)
$function$;

CREATE FUNCTION item_line_insert()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO item_line (run_id, line_no, item_id, amount)
    WITH planned AS MATERIALIZED (SELECT DISTINCT run_id FROM added JOIN run USING (run_id) WHERE run.mode = 'apply'),
    line AS MATERIALIZED (SELECT planned.run_id, l.* FROM planned CROSS JOIN LATERAL recurring_lines(planned.run_id) AS l)
    SELECT a.run_id, a.line_no, a.item_id, coalesce(line.amount, 0)
    FROM (SELECT added.run_id, added.item_id, unnest(added.line_nos) AS line_no FROM added) AS a
    JOIN planned USING (run_id) LEFT JOIN line USING (run_id, line_no)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $function$;

CREATE FUNCTION item_text(customer_name text, product_code text, licence_name text, customer_ids text[], reason text, detail text)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT lower(concat_ws(chr(10), customer_name, product_code, licence_name, array_to_string(customer_ids, chr(10)),
                           reason, detail))
$function$;

CREATE FUNCTION item_undo()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    WITH RECURSIVE chain AS (
        SELECT NEW.undoes_item_id AS item_id, 1 AS place
        UNION ALL
        SELECT i.undoes_item_id, chain.place + 1 FROM chain JOIN item i USING (item_id) WHERE i.undoes_item_id IS NOT NULL
    )
    UPDATE item SET undone = CASE WHEN NEW.outcome = 'failed' THEN 'unsure' WHEN chain.place % 2 = 1 THEN 'undone' END
    FROM chain WHERE item.item_id = chain.item_id;
    RETURN NULL;
END $function$;

CREATE FUNCTION item_waits(reason text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT CASE WHEN reason IN ('first_review', 'edited_in_halo') THEN reason ELSE '' END
$function$;

CREATE FUNCTION last_synced_invoice(p_partner_id text)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
    SELECT invoice_pk FROM run
    WHERE partner_id = p_partner_id AND mode = 'apply' AND writing_at IS NOT NULL
    ORDER BY created_at DESC, run_id LIMIT 1
$function$;

CREATE FUNCTION last_synced_period(p_partner_id text)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT period FROM invoice WHERE invoice_pk = last_synced_invoice(p_partner_id)
$function$;

CREATE FUNCTION licence_amount(h halo_licence, price_field text)
 RETURNS numeric
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE WHEN h.is_active AND h.removed_at IS NULL THEN round(coalesce(h.quantity, 0) * coalesce(
        CASE WHEN price_field = 'purchase_price' THEN h.purchase_price ELSE h.price END, 0), 2) ELSE 0.00 END
$function$;

CREATE FUNCTION licence_is(h halo_licence, price_field text, quantity numeric, price numeric, billing_cycle text, active boolean)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE WHEN active IS NULL THEN h.halo_licence_id IS NULL OR h.removed_at IS NOT NULL
                ELSE h.removed_at IS NULL AND h.is_active = active AND h.quantity IS NOT DISTINCT FROM quantity
                     AND billing_cycle_key(h.billing_cycle) = billing_cycle_key(billing_cycle)
                     AND CASE WHEN price_field = 'purchase_price' THEN h.purchase_price ELSE h.price END
                         IS NOT DISTINCT FROM price
           END IS TRUE
$function$;

CREATE FUNCTION line_fits(pattern text, told text[], line_text text, kind text, run_id uuid, reason text, detail text, undone text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT pattern IS NULL OR line_text LIKE lower(pattern)
        OR lower(concat_ws(chr(10), line_reason(kind, run_id, reason), CASE WHEN kind = 'recurring' THEN detail END))
           LIKE lower(pattern)
        OR CASE WHEN kind = 'recurring' THEN undone ELSE line_reason(kind, run_id, NULL) END = ANY(told)
$function$;

CREATE FUNCTION line_item(p_run_id uuid, p_line_no integer)
 RETURNS TABLE(item_id bigint, action text, outcome text, reason text, detail text, undone text, before_quantity numeric, before_price numeric, before_billing_cycle text, before_active boolean, after_quantity numeric, after_price numeric, after_billing_cycle text, after_active boolean)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT i.item_id, i.action, i.outcome, i.reason, i.detail, i.undone,
        i.before_quantity, i.before_price, i.before_billing_cycle, i.before_active,
        i.after_quantity, i.after_price, i.after_billing_cycle, i.after_active
    FROM item_line m JOIN standing_item i USING (item_id)
    WHERE m.run_id = p_run_id AND m.line_no = p_line_no LIMIT 1
$function$;

CREATE FUNCTION line_outcome(kind text, run_id uuid, item_outcome text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT CASE WHEN run_id IS NULL THEN NULL WHEN kind = 'recurring' THEN item_outcome ELSE 'skipped' END
$function$;

CREATE FUNCTION line_reason(kind text, run_id uuid, item_reason text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT CASE WHEN run_id IS NULL THEN NULL WHEN kind = 'recurring' THEN item_reason ELSE 'not_recurring' END
$function$;

CREATE FUNCTION line_text(customer_name text, product_code text, product_name text, customer_id text, line_id text)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT lower(concat_ws(chr(10), customer_name, product_code, product_name, customer_id, line_id))
$function$;

CREATE FUNCTION month_circle(p_partner_id text, p_period text, p_customers text[], OUT customers text[], OUT clients bigint[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE STRICT
AS $function$
DECLARE
    runs uuid[] := ARRAY(SELECT DISTINCT p.run_id FROM month_plans(p_partner_id, p_period) AS p WHERE p.run_id IS NOT NULL);
    known integer := -1;
BEGIN
    customers := p_customers;
    clients := ARRAY(SELECT CAST(substr(c, 6) AS bigint) FROM unnest(p_customers) AS c WHERE c ~ '^halo-[0-9]{1,18}$');
    WHILE known < cardinality(customers) + cardinality(clients) LOOP
        known := cardinality(customers) + cardinality(clients);
        -- Those that an undo has put back count as well (`month_rows`); there are few.
        SELECT array_agg(DISTINCT near.customer_id) FILTER (WHERE near.customer_id IS NOT NULL),
            array_agg(DISTINCT near.halo_client_id) FILTER (WHERE near.halo_client_id IS NOT NULL)
        INTO customers, clients FROM (
            SELECT each.customer_id, i.halo_client_id FROM item i
            LEFT JOIN LATERAL unnest(i.customer_ids) AS each (customer_id) ON true
            WHERE i.run_id = ANY (runs) AND (i.customer_ids && customers OR i.halo_client_id = ANY (clients))
            UNION ALL
            SELECT each.customer_id, i.halo_client_id FROM invoice n JOIN run r USING (invoice_pk) JOIN item i USING (run_id)
            LEFT JOIN LATERAL unnest(i.customer_ids) AS each (customer_id) ON true
            WHERE n.partner_id = p_partner_id AND n.period = p_period AND r.mode = 'apply' AND i.undone = 'undone'
                AND (i.customer_ids && customers OR i.halo_client_id = ANY (clients))
            UNION ALL SELECT c, NULL FROM unnest(customers) AS c
            UNION ALL SELECT NULL, k FROM unnest(clients) AS k
        ) AS near;
        customers := coalesce(customers, '{}');
        clients := coalesce(clients, '{}');
    END LOOP;
END $function$;

CREATE FUNCTION month_plans(p_partner_id text, p_period text)
 RETURNS TABLE(invoice_pk bigint, run_id uuid, line_offset integer, price_field text)
 LANGUAGE sql
 STABLE
AS $function$
    WITH counting AS (
        SELECT i.invoice_pk, r.*, first_value(r.run_id) OVER (ORDER BY r.created_at DESC NULLS LAST, r.run_id) AS newest
        FROM unnest(invoices_that_count(p_partner_id, p_period)) AS i (invoice_pk)
        LEFT JOIN LATERAL (
            SELECT run.run_id, of.line_offset, run.price_field, run.created_at FROM invoice_of_run of JOIN run USING (run_id)
            WHERE of.invoice_pk = i.invoice_pk AND run.mode = 'apply' AND run.total > 0
            ORDER BY run.created_at DESC, run.run_id LIMIT 1) AS r ON true
    )
    SELECT invoice_pk, CASE WHEN run_id = newest THEN run_id END, CASE WHEN run_id = newest THEN line_offset END,
        CASE WHEN run_id = newest THEN price_field END
    FROM counting
$function$;

CREATE FUNCTION month_rows(p_partner_id text, p_period text, p_customers text[] DEFAULT NULL::text[])
 RETURNS TABLE(customer_id text, customer_name text, customer_ids text[], halo_client_id bigint, product_code text, licence_name text, halo_licence_id bigint, run_id uuid, item_id bigint, outcome text, reason text, detail text, billing_cycle text, cycle_key text, lines bigint, billed numeric, in_halo numeric, counted boolean)
 LANGUAGE sql
 STABLE
 SET work_mem TO '64MB'
AS $function$
    WITH plan AS MATERIALIZED (SELECT * FROM month_plans(p_partner_id, p_period)),
    circle AS MATERIALIZED (SELECT * FROM month_circle(p_partner_id, p_period, p_customers)),
    -- Several invoices may have one run.
    planned_run AS MATERIALIZED (SELECT DISTINCT plan.run_id, plan.price_field FROM plan WHERE plan.run_id IS NOT NULL),
    -- Licences that undos have brought back with other ids, and what undos have left of a licence.
    brought_back AS MATERIALIZED (SELECT * FROM newest_restored(p_partner_id)),
    undone AS MATERIALIZED (
        SELECT DISTINCT ON (u.halo_licence_id) u.halo_licence_id, r.created_at,
            u.after_quantity, u.after_price, u.after_billing_cycle, u.after_active
        FROM run r CROSS JOIN LATERAL run_items(r.run_id) AS u
        WHERE r.partner_id = p_partner_id AND r.mode = 'undo' AND u.outcome = 'synced'
            AND u.action IN ('create', 'update', 'delete') AND u.halo_licence_id IS NOT NULL
        ORDER BY u.halo_licence_id, r.created_at DESC
    ),
    -- Licences that an earlier run of the month removed and an undo has put back since the newest one was planned: its plan
    -- cannot have them, and Halo bills them.
    put_back_all AS MATERIALIZED (
        SELECT DISTINCT ON (u.halo_licence_id) i.*, r.price_field
        FROM invoice n JOIN run r USING (invoice_pk) JOIN item i USING (run_id)
        LEFT JOIN brought_back b ON b.licence_id = i.halo_licence_id
        JOIN undone u ON u.halo_licence_id = coalesce(b.is_now, i.halo_licence_id)
        WHERE n.partner_id = p_partner_id AND n.period = p_period AND r.mode = 'apply'
            AND i.undone = 'undone' AND i.action = 'delete'
            AND i.run_id NOT IN (SELECT planned_run.run_id FROM planned_run)
            AND u.created_at > (SELECT max(newest.created_at) FROM planned_run JOIN run newest USING (run_id))
            AND NOT EXISTS (
                SELECT FROM planned_run p JOIN item known ON known.run_id = p.run_id
                    AND known.halo_client_id = i.halo_client_id AND known.outcome = 'synced'
                    AND known.halo_licence_id = u.halo_licence_id)
        ORDER BY u.halo_licence_id, r.created_at DESC
    ),
    put_back AS MATERIALIZED (
        SELECT i.* FROM put_back_all i WHERE p_customers IS NULL OR EXISTS (
            SELECT FROM circle c WHERE i.customer_ids && c.customers OR i.halo_client_id = ANY (c.clients))
    ),
    planned AS MATERIALIZED (
        SELECT i.*, p.price_field FROM planned_run p CROSS JOIN circle CROSS JOIN LATERAL run_items(p.run_id, circle.customers, circle.clients) AS i
        -- What was put back takes the place of an item that says that there is no licence.
        WHERE i.reason IS DISTINCT FROM 'quantity_zero' OR NOT EXISTS (
            SELECT FROM put_back b WHERE b.halo_client_id = i.halo_client_id
                AND product_key(b.product_code) = product_key(i.product_code))
        UNION ALL SELECT * FROM put_back
    ),
    -- Halo's words for the invoice's billing cycles, as the partner has set them.
    word AS MATERIALIZED (
        SELECT DISTINCT ON (billing_cycle_key(each.key)) billing_cycle_key(each.key) AS cycle, each.value AS billing_cycle
        FROM partner CROSS JOIN LATERAL jsonb_each_text(partner.billing_cycles) AS each
        WHERE partner.partner_id = p_partner_id ORDER BY billing_cycle_key(each.key), each.key
    ),
    -- A clean-up belongs to nobody on the invoice; it is shown with the customer of its client.
    owner AS (
        SELECT DISTINCT ON (i.halo_client_id) i.halo_client_id, i.customer_ids[1] AS customer_id, i.customer_name
        FROM planned i
        -- IS TRUE: a list that is looked up, and no join that might compare each item with each clean-up.
        WHERE i.product_code IS NOT NULL
            AND (i.halo_client_id IN (SELECT c.halo_client_id FROM planned c WHERE c.product_code IS NULL)) IS TRUE
        ORDER BY i.halo_client_id, i.seq
    ),
    -- Which item the plan has for a product of a customer.
    planned_thing AS MATERIALIZED (
        SELECT DISTINCT ON (customer_id, code) each.customer_id, product_key(i.product_code) AS code, i.item_id
        FROM planned i CROSS JOIN LATERAL unnest(i.customer_ids) AS each (customer_id)
        WHERE i.product_code IS NOT NULL AND EXISTS (SELECT FROM plan WHERE plan.run_id IS NULL)
        ORDER BY customer_id, code, i.item_id
    ),
    -- Lines that no run has applied yet; a product of a customer is one thing, with what is planned for other invoices.
    loose AS MATERIALIZED (
        SELECT coalesce(t.item_id, -dense_rank() OVER (ORDER BY l.customer_id, product_key(l.product_code))) AS thing,
            l.customer_id, l.customer_name, l.product_code, coalesce(w.billing_cycle, l.billing_cycle) AS billing_cycle,
            round(l.quantity * l.unit_price, 2) AS amount
        FROM plan p CROSS JOIN circle CROSS JOIN LATERAL billed_lines(p.invoice_pk, circle.customers) AS l
        LEFT JOIN word w ON w.cycle = billing_cycle_key(l.billing_cycle)
        LEFT JOIN planned_thing t ON t.customer_id = l.customer_id AND t.code = product_key(l.product_code)
        WHERE NOT EXISTS (
            SELECT FROM item_line m WHERE m.run_id = p.run_id AND m.line_no = l.line_no + p.line_offset)
    ),
    -- Of all items that are planned, whoever they are of: a licence may have moved to another client of Halo's since.
    taken AS MATERIALIZED (
        SELECT i.halo_licence_id FROM planned_run JOIN item i USING (run_id)
        WHERE i.halo_licence_id IS NOT NULL AND EXISTS (SELECT FROM loose)
        UNION ALL SELECT put_back_all.halo_licence_id FROM put_back_all
    ),
    -- For those, the licences that the partner's last plan found are what Halo holds of them; not what is planned for the
    -- month already, if only to be removed: each licence counts once.
    earlier AS MATERIALIZED (
        SELECT DISTINCT ON (customer_id, code) i.customer_ids[1] AS customer_id,
            product_key(i.product_code) AS code, i.halo_licence_id, i.halo_client_id, i.licence_name,
            r.price_field
        FROM (SELECT * FROM run WHERE run.partner_id = p_partner_id AND run.mode = 'apply' AND run.total > 0
              ORDER BY run.created_at DESC, run.run_id LIMIT 1) AS r
        CROSS JOIN circle CROSS JOIN LATERAL run_items(r.run_id, circle.customers, circle.clients) AS i
        LEFT JOIN brought_back b ON b.licence_id = i.halo_licence_id
        WHERE i.product_code IS NOT NULL AND EXISTS (SELECT FROM loose)
            AND (coalesce(b.is_now, i.halo_licence_id) IN (
                SELECT coalesce(k.is_now, taken.halo_licence_id)
                FROM taken LEFT JOIN brought_back k ON k.licence_id = taken.halo_licence_id)) IS NOT TRUE
        ORDER BY customer_id, code, i.seq
    ),
    line AS MATERIALIZED (
        SELECT i.item_id AS thing, l.customer_id, l.customer_name,
            CASE WHEN i.outcome = 'synced' AND i.after_billing_cycle IS NOT NULL THEN i.after_billing_cycle
                 ELSE coalesce(w.billing_cycle, l.billing_cycle) END AS billing_cycle,
            round(l.quantity * l.unit_price, 2) AS amount
        FROM plan p CROSS JOIN circle CROSS JOIN LATERAL billed_lines(p.invoice_pk, circle.customers) AS l
        LEFT JOIN word w ON w.cycle = billing_cycle_key(l.billing_cycle)
        -- LIMIT 1 looks each line up by key.
        JOIN LATERAL (
            SELECT item_line.item_id FROM item_line
            WHERE item_line.run_id = p.run_id AND item_line.line_no = l.line_no + p.line_offset LIMIT 1) AS m ON true
        JOIN planned i USING (item_id)
        UNION ALL
        SELECT thing, loose.customer_id, loose.customer_name, loose.billing_cycle, amount FROM loose
    ),
    thing AS MATERIALIZED (
        SELECT i.item_id AS thing, i.customer_ids, i.halo_client_id, i.product_code, i.licence_name, i.halo_licence_id,
            i.run_id, i.item_id, i.outcome, i.reason, i.detail, i.price_field,
            coalesce(i.customer_ids[1], o.customer_id, 'halo-' || i.halo_client_id) AS first_customer,
            coalesce(o.customer_name, i.customer_name) AS first_name,
            i.after_quantity, i.after_price, i.after_billing_cycle, i.after_active
        FROM planned i LEFT JOIN owner o ON i.product_code IS NULL AND o.halo_client_id = i.halo_client_id
        UNION ALL
        SELECT l.thing, ARRAY[min(l.customer_id)], min(e.halo_client_id), min(l.product_code), min(e.licence_name),
            min(e.halo_licence_id), NULL, NULL, NULL, 'not_synchronised', NULL, min(e.price_field), min(l.customer_id),
            min(l.customer_name), NULL, NULL, NULL, NULL
        FROM loose l
        LEFT JOIN earlier e ON e.customer_id = l.customer_id AND e.code = product_key(l.product_code)
        WHERE l.thing < 0 GROUP BY l.thing
    ),
    -- Things of which an invoice bills more, or of whose invoices one does not count any more: the next Sync puts them right.
    outdated AS MATERIALIZED (SELECT DISTINCT loose.thing FROM loose WHERE loose.thing > 0),
    outdated_run AS MATERIALIZED (
        SELECT DISTINCT o.run_id FROM invoice_of_run o JOIN planned_run USING (run_id)
        WHERE o.invoice_pk NOT IN (SELECT plan.invoice_pk FROM plan WHERE plan.run_id IS NOT NULL)
    ),
    -- What runs that have come since wrote last to each licence: while Halo holds that, it is no edit of somebody.
    -- OFFSET 0: each run's items are looked up.
    later_write AS MATERIALIZED (
        SELECT DISTINCT ON (i.halo_licence_id) i.halo_licence_id, n.period,
            i.after_quantity, i.after_price, i.after_billing_cycle, i.after_active
        FROM run r JOIN invoice n USING (invoice_pk)
        CROSS JOIN LATERAL (
            SELECT * FROM item
            WHERE item.run_id = r.run_id AND item.outcome = 'synced' AND item.action IN ('create', 'update', 'delete')
                AND item.halo_licence_id IS NOT NULL OFFSET 0) AS i
        WHERE r.partner_id = p_partner_id AND r.mode = 'apply' AND r.total > 0
            AND r.created_at > (SELECT max(newest.created_at) FROM planned_run JOIN run newest USING (run_id))
        ORDER BY i.halo_licence_id, r.created_at DESC, i.item_id DESC
    ),
    halo_amount AS MATERIALIZED (
        SELECT t.thing, t.first_customer, t.first_name, licence_amount(h, t.price_field) AS amount, h.billing_cycle,
            licence_is(h, t.price_field, t.after_quantity, t.after_price, t.after_billing_cycle, t.after_active)
                AS as_written,
            u.halo_licence_id IS NOT NULL AND licence_is(
                h, t.price_field, u.after_quantity, u.after_price, u.after_billing_cycle, u.after_active) AS as_undone,
            CASE WHEN licence_is(
                h, t.price_field, w.after_quantity, w.after_price, w.after_billing_cycle, w.after_active) THEN w.period
            END AS written_for
        FROM thing t
        LEFT JOIN brought_back b ON b.licence_id = t.halo_licence_id
        LEFT JOIN halo_licence h
            ON h.partner_id = p_partner_id AND h.halo_licence_id = coalesce(b.is_now, t.halo_licence_id)
        LEFT JOIN run r ON r.run_id = t.run_id
        LEFT JOIN undone u ON u.halo_licence_id = coalesce(b.is_now, t.halo_licence_id) AND u.created_at > r.created_at
        LEFT JOIN later_write w ON w.halo_licence_id = coalesce(b.is_now, t.halo_licence_id)
    ),
    -- What a person has said since then of a customer that the run left out: the next Sync goes by it.
    said AS MATERIALIZED (
        SELECT t.thing, CASE WHEN l.excluded THEN 'customer_excluded' ELSE 'not_synchronised' END AS reason
        FROM thing t JOIN run r USING (run_id)
        LEFT JOIN customer_link l ON l.partner_id = p_partner_id AND l.customer_id = t.first_customer
        WHERE t.outcome = 'skipped' AND t.reason IN ('customer_not_found', 'customer_ambiguous', 'customer_excluded')
            AND CASE WHEN l.excluded THEN t.reason <> 'customer_excluded'
                     WHEN t.reason = 'customer_excluded' THEN true
                     ELSE l.halo_client_id IS NOT NULL AND l.updated_at > r.created_at END
    ),
    shared AS MATERIALIZED (
        SELECT l.thing FROM line l GROUP BY l.thing HAVING min(l.customer_id) <> max(l.customer_id)
    ),
    share AS (
        SELECT l.thing, l.customer_id, min(l.customer_name) AS customer_name, sum(l.amount) AS billed,
            sum(sum(l.amount)) OVER (PARTITION BY l.thing ORDER BY l.customer_id) AS running,
            sum(sum(l.amount)) OVER (PARTITION BY l.thing) AS whole,
            row_number() OVER (PARTITION BY l.thing ORDER BY l.customer_id) AS place
        FROM line l JOIN shared USING (thing) GROUP BY l.thing, l.customer_id
    ),
    part AS (
        SELECT l.thing, l.customer_id, l.customer_name, billing_cycle_key(l.billing_cycle) AS cycle, l.billing_cycle,
            1 AS lines, l.amount AS billed, 0.00 AS in_halo
        FROM line l
        UNION ALL
        -- Each thing has one row at least: what bills nothing and holds nothing still has an outcome.
        SELECT h.thing, h.first_customer, h.first_name, billing_cycle_key(h.billing_cycle), h.billing_cycle, 0, 0.00,
            CASE WHEN h.thing IN (SELECT shared.thing FROM shared) THEN 0.00 ELSE h.amount END
        FROM halo_amount h WHERE h.amount <> 0 OR h.thing NOT IN (SELECT line.thing FROM line)
        UNION ALL
        SELECT s.thing, s.customer_id, s.customer_name, billing_cycle_key(h.billing_cycle), h.billing_cycle, 0, 0.00,
            CASE WHEN s.whole > 0 THEN round(h.amount * s.running / s.whole, 2)
                                       - round(h.amount * (s.running - s.billed) / s.whole, 2)
                 WHEN s.place = 1 THEN h.amount ELSE 0.00 END
        FROM share s JOIN halo_amount h USING (thing) WHERE h.amount <> 0
    ),
    both_sides AS (
        SELECT part.thing, part.customer_id, part.cycle, min(part.customer_name) AS customer_name,
            min(part.billing_cycle) AS billing_cycle, sum(part.lines) AS lines, sum(part.billed) AS billed,
            sum(part.in_halo) AS in_halo
        FROM part GROUP BY part.thing, part.customer_id, part.cycle
    ),
    compared AS (
        SELECT b.*, sum(abs(b.billed - b.in_halo)) OVER w AS off_by, sum(b.lines) OVER w AS all_lines,
            row_number() OVER w = 1 AS counted
        FROM both_sides b WINDOW w AS (PARTITION BY b.thing)
    )
    SELECT c.customer_id, c.customer_name, t.customer_ids, t.halo_client_id, t.product_code, t.licence_name,
        t.halo_licence_id, t.run_id, t.item_id, t.outcome,
        CASE WHEN t.outcome = 'pending' THEN 'in_progress'
             WHEN t.thing IN (SELECT outdated.thing FROM outdated) THEN 'not_synchronised'
             WHEN s.reason IS NOT NULL THEN s.reason
             WHEN t.outcome IS DISTINCT FROM 'synced' THEN t.reason
             WHEN c.off_by = 0 THEN NULL
             -- Synchronised for an invoice that does not count any more: the next Sync takes it away.
             WHEN t.product_code IS NOT NULL AND c.all_lines = 0 THEN 'not_synchronised'
             WHEN NOT h.as_written THEN CASE WHEN h.as_undone THEN 'undone'
                                             WHEN h.written_for > p_period THEN 'later_month'
                                             WHEN h.written_for IS NOT NULL THEN 'not_synchronised'
                                             ELSE 'edited_in_halo' END
             WHEN t.run_id IN (SELECT outdated_run.run_id FROM outdated_run) THEN 'not_synchronised'
             WHEN t.price_field = 'none' THEN 'price_left_alone'
             WHEN c.off_by <= 0.01 * (c.all_lines + 1) THEN 'rounding'
             -- A price that Halo keeps to the cent counts as kept (spec section 9); times the quantity that is money.
             WHEN c.off_by <= 0.01 * (c.all_lines + 1) + 0.005 * t.after_quantity THEN 'price_to_the_cent'
        END,
        CASE WHEN s.reason IS NULL AND t.thing NOT IN (SELECT outdated.thing FROM outdated) THEN t.detail END,
        c.billing_cycle, c.cycle, CAST(c.lines AS bigint), c.billed, c.in_halo, c.counted
    FROM compared c JOIN thing t USING (thing) JOIN halo_amount h USING (thing) LEFT JOIN said s USING (thing)
$function$;

CREATE FUNCTION natural_order(name text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT regexp_replace(regexp_replace(lower(normalize(name, NFKC)), '([0-9]+)', '0000000000\1', 'g'),
                          '0*([0-9]{10})', '\1', 'g')
$function$;

CREATE FUNCTION newest_invoice(p_partner_id text)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
    SELECT invoice_pk FROM invoice WHERE partner_id = p_partner_id AND superseded_by IS NULL
    ORDER BY period DESC, issued_at DESC, invoice_pk DESC LIMIT 1
$function$;

CREATE FUNCTION newest_restored(p_partner_id text)
 RETURNS TABLE(licence_id bigint, is_now bigint)
 LANGUAGE sql
 STABLE
AS $function$
    WITH RECURSIVE pair AS MATERIALIZED (SELECT * FROM restored_licences(p_partner_id)),
    later AS (
        SELECT pair.licence_id, pair.is_now, pair.item_id FROM pair
        UNION SELECT later.licence_id, pair.is_now, pair.item_id FROM later JOIN pair ON pair.licence_id = later.is_now
    )
    SELECT DISTINCT ON (later.licence_id) later.licence_id, later.is_now FROM later
    ORDER BY later.licence_id, later.item_id DESC
$function$;

CREATE FUNCTION outbox_notice()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    told jsonb := CAST(convert_from(NEW.body, 'UTF8') AS jsonb);
BEGIN
    INSERT INTO notice (partner_id, type, data)
    VALUES (told ->> 'partner_id', regexp_replace(NEW.message_type, '\.v[0-9]+$', ''), told - 'event_id');
    RETURN NULL;
END $function$;

CREATE FUNCTION outbox_notify()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END $function$;

CREATE FUNCTION partner_header(p_partner_id text)
 RETURNS TABLE(partner_id text, name text, connection text, tenant text, problem text)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT p.partner_id, p.name, coalesce(c.state, 'disconnected'), c.tenant, c.problem
    FROM partner p LEFT JOIN connection c USING (partner_id) WHERE p.partner_id = p_partner_id
$function$;

CREATE FUNCTION product_key(product_code text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT lower(normalize(product_code, NFKC))
$function$;

CREATE FUNCTION rate_block(p_tenant text, p_retry_after_s double precision, OUT wait_s double precision, OUT foreign_seen integer, OUT effective integer)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
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
END $function$;

CREATE FUNCTION rate_effective(t rate_tenant, p_moment timestamp with time zone)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT greatest(t.requests - CAST(ceil(greatest(rate_expected(t, p_moment),
        CASE WHEN t.foreign_at > p_moment - make_interval(secs => t.window_s) THEN t.foreign_seen END)) AS integer), 1)
$function$;

CREATE FUNCTION rate_expected(t rate_tenant, p_moment timestamp with time zone)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT greatest(t.foreign_use - t.requests * 0.02 * (2 ^ w.clean - 1), 0)
    FROM (SELECT coalesce(least(greatest(floor(extract(epoch FROM p_moment - t.foreign_at)::float8 / t.window_s), 0), 9),
                          0) AS clean) AS w
$function$;

CREATE FUNCTION rate_finish(p_lease_id bigint, p_spent integer)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
END $function$;

CREATE FUNCTION rate_reserve(p_effective integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT p_effective / 50
$function$;

CREATE FUNCTION rate_take(p_tenant text, p_requests integer, p_window_s double precision, p_want integer, p_interactive boolean, p_lease_s double precision, OUT lease_id bigint, OUT granted integer, OUT wait_s double precision, OUT moment_s double precision)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
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
END $function$;

CREATE FUNCTION rate_wait(t rate_tenant, p_moment timestamp with time zone, p_excess integer)
 RETURNS double precision
 LANGUAGE sql
 STABLE
AS $function$
    SELECT min(r.back_s) FROM (
        SELECT l.back_s, sum(l.permits) OVER (ORDER BY l.back_s) AS permits FROM (
            SELECT permits, CASE
                WHEN finished_at IS NULL AND leased_until > p_moment
                THEN greatest(extract(epoch FROM p_moment - leased_at)::float8, least(t.window_s / 300, 1), 0.05)
                ELSE extract(epoch FROM free_at - p_moment)::float8 END AS back_s
            FROM rate_lease WHERE tenant = t.tenant) AS l) AS r
    WHERE r.permits > p_excess
$function$;

CREATE FUNCTION recurring_lines(p_run_id uuid)
 RETURNS TABLE(line_no integer, customer_id text, amount numeric)
 LANGUAGE plpgsql
 STABLE
AS $function$
BEGIN
    RETURN QUERY SELECT l.line_no + of.line_offset, l.customer_id, round(l.quantity * l.unit_price, 2)
        FROM invoice_of_run of CROSS JOIN LATERAL (
            SELECT * FROM invoice_line WHERE invoice_pk = of.invoice_pk AND kind = 'recurring' OFFSET 0) AS l
        WHERE of.run_id = p_run_id;
END $function$;

CREATE FUNCTION restored_licences(p_partner_id text)
 RETURNS TABLE(licence_id bigint, is_now bigint, item_id bigint)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT i.restores_licence_id, i.halo_licence_id, i.item_id
    FROM run r JOIN item i USING (run_id)
    JOIN halo_snapshot s ON s.partner_id = r.partner_id AND halo_of(s.tenant) = halo_of(r.tenant)
    WHERE r.partner_id = p_partner_id AND r.mode = 'undo' AND i.restores_licence_id IS NOT NULL
        AND i.halo_licence_id IS NOT NULL AND i.outcome = 'synced'
$function$;

CREATE FUNCTION row_version(place tid, writer xid)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT hashtidextended(place, CAST(CAST(writer AS text) AS bigint))
$function$;

CREATE FUNCTION run_invoice_ids(p_run_id uuid, p_newest text)
 RETURNS text[]
 LANGUAGE sql
 STABLE
AS $function$
    SELECT array_prepend(p_newest, ARRAY(
        SELECT v.invoice_id FROM run_further_invoice f JOIN invoice v USING (invoice_pk)
        WHERE f.run_id = p_run_id ORDER BY f.line_offset))
$function$;

CREATE FUNCTION run_items(p_run_id uuid, p_customers text[] DEFAULT NULL::text[], p_clients bigint[] DEFAULT NULL::bigint[])
 RETURNS SETOF item
 LANGUAGE plpgsql
 STABLE
AS $function$
BEGIN
    IF p_customers IS NULL THEN
        RETURN QUERY SELECT * FROM item WHERE item.run_id = p_run_id;
    ELSE
        RETURN QUERY SELECT * FROM item
            WHERE item.run_id = p_run_id AND (item.customer_ids && p_customers OR item.halo_client_id = ANY (p_clients));
    END IF;
END $function$;

CREATE FUNCTION run_money_keep()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO run_money (run_id, billing_cycle, before, after)
        SELECT NEW.run_id, m.billing_cycle, m.before, m.after FROM run_money_now(NEW.run_id) AS m;
    RETURN NULL;
END $function$;

CREATE FUNCTION run_money_now(p_run_id uuid)
 RETURNS TABLE(billing_cycle text, before numeric, after numeric)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT (array_agg(s.billing_cycle ORDER BY s.rows DESC, s.billing_cycle))[1],
        round(coalesce(sum(s.before), 0), 2), round(coalesce(sum(s.after), 0), 2)
    FROM (SELECT m.billing_cycle, count(*) AS rows, sum(m.before) AS before, sum(m.after) AS after
          FROM item_money m WHERE m.run_id = p_run_id GROUP BY m.billing_cycle) AS s
    GROUP BY billing_cycle_key(s.billing_cycle)
$function$;

CREATE FUNCTION standing_closing(p_partner_id text, p_period text)
 RETURNS integer
 LANGUAGE sql
 STABLE
AS $function$
    SELECT c.number FROM month_closing c
    WHERE c.partner_id = p_partner_id AND c.period = p_period
      AND c.number = (SELECT max(number) FROM month_closing WHERE partner_id = p_partner_id AND period = p_period)
      AND c.invoice_pks = (
          SELECT array_agg(p.invoice_pk ORDER BY p.invoice_pk) FROM month_plans(p_partner_id, p_period) AS p)
      AND NOT EXISTS (
          SELECT FROM invoice_of_run o JOIN run r USING (run_id)
          WHERE o.invoice_pk = ANY (c.invoice_pks) AND r.mode = 'undo' AND r.created + r.updated + r.deleted + r.failed > 0
            AND coalesce(r.finished_at, 'infinity') > c.closed_at)
$function$;

CREATE FUNCTION undone_by(p_run_id uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$
    SELECT u.run_id FROM run u
    WHERE u.undoes = p_run_id AND u.mode = 'undo' AND EXISTS (
        SELECT FROM item done JOIN item back ON back.undoes_item_id = done.item_id
        WHERE done.run_id = p_run_id AND done.undone IS NOT NULL AND back.run_id = u.run_id
          AND back.undone IS DISTINCT FROM 'undone')
    ORDER BY u.created_at DESC LIMIT 1
$function$;

CREATE FUNCTION vanished_licences(p_read_id uuid)
 RETURNS TABLE(partner_id text, halo_licence_id bigint, halo_client_id bigint, product_code text)
 LANGUAGE sql
 STABLE
AS $function$
    WITH here AS (
        SELECT h.partner_id FROM halo_read h JOIN halo_snapshot s USING (partner_id)
        WHERE h.read_id = p_read_id AND halo_of(s.tenant) = halo_of(h.tenant)
    )
    SELECT k.partner_id, k.halo_licence_id, k.halo_client_id, k.product_code
    FROM here JOIN halo_licence k USING (partner_id)
    WHERE k.owned AND k.removed_at IS NULL AND k.product_code IS NOT NULL AND coalesce(k.wrote_active, k.is_active)
      AND coalesce(k.wrote_quantity, k.quantity) IS DISTINCT FROM 0
      AND k.halo_licence_id = ANY (ARRAY(
          SELECT missing.halo_licence_id FROM (
              SELECT known.halo_licence_id, known.halo_client_id FROM here JOIN halo_licence known USING (partner_id)
              EXCEPT SELECT r.halo_licence_id, r.halo_client_id FROM halo_read_licence r
              WHERE r.read_id = p_read_id AND NOT r.deleted) AS missing))
      AND (SELECT i.action = 'delete' FROM item i JOIN run USING (run_id)
           WHERE i.halo_licence_id = k.halo_licence_id AND run.partner_id = k.partner_id
             AND i.action IN ('create', 'update', 'delete') AND (
                 i.outcome = 'synced' OR i.outcome = 'failed' AND i.reason NOT IN ('halo_rejected', 'permission_denied'))
           ORDER BY i.item_id DESC LIMIT 1) IS NOT TRUE
    UNION
    SELECT v.partner_id, v.halo_licence_id, v.halo_client_id, v.product_code
    FROM here JOIN vanished_licence v USING (partner_id)
    WHERE NOT EXISTS (SELECT FROM halo_read_licence r WHERE r.read_id = p_read_id
                      AND r.halo_licence_id = v.halo_licence_id AND r.halo_client_id = v.halo_client_id
                      AND NOT r.deleted)
$function$;
