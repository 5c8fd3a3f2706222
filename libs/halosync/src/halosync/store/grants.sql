-- Who may do what in Postgres (spec section 10, "Between the services"): one section for each table and view, and no
-- right that is not here. `halosync migrate` replaces the names after the colons and runs all of it as an administrator,
-- after it has taken every right away, in one transaction. A new table needs a section: decide who works on it.
--
-- A row lock of any kind (FOR UPDATE, FOR KEY SHARE) needs the right to update a column: where only that is needed, one
-- column is named. A trigger and a function do what they do with the rights of whoever set them off; a view does not.

-- ---------------------------------------------------------------- the database itself
REVOKE ALL ON DATABASE :database FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :database TO :auth, :planner, :halo_writer, :report_api, :operator;
GRANT USAGE ON SCHEMA public TO :auth, :planner, :halo_writer, :report_api, :operator;

-- migration
GRANT SELECT ON migration TO :auth, :planner, :halo_writer, :report_api, :operator;

-- ---------------------------------------------------------------- partners, keys, sessions
-- partner
GRANT SELECT ON partner TO :auth, :planner, :halo_writer, :report_api, :operator;
GRANT UPDATE ON partner TO :report_api, :operator;
GRANT INSERT, DELETE ON partner TO :operator;
GRANT UPDATE (settled_at) ON partner TO :planner, :halo_writer;
-- api_key
GRANT SELECT, INSERT, UPDATE ON api_key TO :report_api, :operator;
-- person
GRANT SELECT, INSERT, UPDATE, DELETE ON person TO :report_api, :operator;
-- portal_session
GRANT SELECT, INSERT, UPDATE, DELETE ON portal_session TO :report_api;

-- ---------------------------------------------------------------- connections to Halo
-- connection
GRANT SELECT ON connection TO :auth, :planner, :halo_writer, :report_api, :operator;
GRANT INSERT, UPDATE ON connection TO :auth;
-- halo_alias: asked by halo_of; who may connect what is auth's
GRANT SELECT ON halo_alias TO :auth, :planner, :halo_writer, :report_api, :operator;
GRANT INSERT, UPDATE, DELETE ON halo_alias TO :auth;
-- oauth_attempt: the verifier is auth's; that somebody is connecting is shown
GRANT SELECT, INSERT, UPDATE, DELETE ON oauth_attempt TO :auth;
GRANT SELECT (partner_id, tenant, client_id, halo_tenant, created_at, expires_at, used_at, ended_at) ON oauth_attempt
    TO :planner, :report_api, :operator;
GRANT SELECT (state_hash, session) ON oauth_attempt TO :report_api;
-- oauth_token: auth alone
GRANT SELECT, INSERT, UPDATE, DELETE ON oauth_token TO :auth;

-- sealing_key: whoever asks auth seals for its public key; the private one is auth's, and is encrypted anew
GRANT SELECT, INSERT ON sealing_key TO :auth;
GRANT UPDATE (private_key) ON sealing_key TO :auth;
GRANT SELECT (key_id, public_key, created_at) ON sealing_key TO :planner, :halo_writer, :report_api, :operator;

-- ---------------------------------------------------------------- invoices
-- invoice
GRANT SELECT ON invoice TO :planner, :report_api, :operator;
GRANT INSERT, UPDATE ON invoice TO :planner;
GRANT UPDATE (sync_wanted) ON invoice TO :report_api, :operator;
GRANT UPDATE (purged_at) ON invoice TO :operator;
GRANT SELECT (invoice_pk, invoice_id, revision) ON invoice TO :halo_writer;
-- invoice_line: the writer says of a new licence what it is
GRANT SELECT ON invoice_line TO :planner, :report_api;
GRANT SELECT (invoice_pk, line_no, product_name) ON invoice_line TO :halo_writer;
GRANT INSERT, DELETE ON invoice_line TO :planner;
GRANT SELECT (invoice_pk, line_no), DELETE ON invoice_line TO :operator;

-- owed_sync
GRANT SELECT ON owed_sync TO :planner;

-- ---------------------------------------------------------------- months
-- month_choice
GRANT SELECT ON month_choice TO :planner, :report_api, :operator;
GRANT INSERT, UPDATE ON month_choice TO :report_api, :operator;
-- month_acceptance
GRANT SELECT, INSERT, UPDATE, DELETE ON month_acceptance TO :report_api;
-- month_closing
GRANT SELECT, INSERT ON month_closing TO :report_api;

-- ---------------------------------------------------------------- links
-- customer_link: another tenant's clients have other numbers, so auth unlinks
GRANT SELECT ON customer_link TO :auth, :planner, :report_api, :operator;
GRANT UPDATE (halo_client_id, updated_at) ON customer_link TO :auth;
GRANT INSERT, UPDATE, DELETE ON customer_link TO :report_api;
-- product_link
GRANT SELECT ON product_link TO :planner, :report_api, :operator;
GRANT INSERT, UPDATE, DELETE ON product_link TO :report_api;

-- ---------------------------------------------------------------- what was last read from Halo
-- halo_snapshot
GRANT SELECT ON halo_snapshot TO :auth, :planner, :halo_writer, :report_api, :operator;
GRANT INSERT, UPDATE ON halo_snapshot TO :planner;
GRANT DELETE ON halo_snapshot TO :auth;
GRANT UPDATE (read_at) ON halo_snapshot TO :halo_writer;
-- halo_client
GRANT SELECT ON halo_client TO :auth, :planner, :report_api;
GRANT INSERT, UPDATE, DELETE ON halo_client TO :planner;
GRANT DELETE ON halo_client TO :auth;
-- halo_licence
GRANT SELECT ON halo_licence TO :auth, :planner, :halo_writer, :report_api, :operator;
GRANT INSERT, UPDATE, DELETE ON halo_licence TO :planner;
GRANT INSERT, UPDATE ON halo_licence TO :halo_writer;
GRANT DELETE ON halo_licence TO :auth;
-- missing_licence
GRANT SELECT, INSERT, DELETE ON missing_licence TO :planner;
-- licence_memory
GRANT SELECT ON licence_memory TO :planner, :halo_writer;
-- vanished_licence
GRANT SELECT, INSERT, UPDATE, DELETE ON vanished_licence TO :planner;
-- kept_licence: another tenant's licences have other numbers
GRANT SELECT ON kept_licence TO :planner, :report_api;
GRANT INSERT, DELETE ON kept_licence TO :report_api;
-- licence_view
GRANT SELECT ON licence_view TO :report_api;
-- halo_refresh: asked for by the pages, carried out by the planner; another tenant makes it idle
GRANT SELECT ON halo_refresh TO :auth, :planner, :report_api, :operator;
GRANT INSERT, UPDATE ON halo_refresh TO :report_api, :operator;
GRANT UPDATE, DELETE ON halo_refresh TO :planner;
GRANT DELETE ON halo_refresh TO :auth;
-- halo_page_size: learnt by whoever reads Halo
GRANT SELECT, INSERT, UPDATE ON halo_page_size TO :planner;
GRANT SELECT ON halo_page_size TO :operator;

-- halo_array_size: learnt by the writers
GRANT SELECT, INSERT, UPDATE ON halo_array_size TO :halo_writer;
-- halo_read
GRANT SELECT, INSERT, UPDATE, DELETE ON halo_read TO :planner;
-- halo_read_client
GRANT SELECT, INSERT, UPDATE, DELETE ON halo_read_client TO :planner;
-- halo_read_licence
GRANT SELECT, INSERT, UPDATE, DELETE ON halo_read_licence TO :planner;

-- ---------------------------------------------------------------- runs, items, batches
-- run
GRANT SELECT, UPDATE ON run TO :planner, :halo_writer, :report_api, :operator;
GRANT INSERT ON run TO :planner, :report_api, :operator;
-- run_further_invoice
GRANT SELECT ON run_further_invoice TO :planner, :halo_writer, :report_api, :operator;
GRANT INSERT ON run_further_invoice TO :planner, :report_api, :operator;
-- invoice_of_run
GRANT SELECT ON invoice_of_run TO :planner, :halo_writer, :report_api, :operator;
-- batch: its numbers are taken before its rows are written; a run that is cancelled leaves it without work
GRANT SELECT, INSERT, UPDATE ON batch TO :planner, :halo_writer;
GRANT SELECT ON batch TO :report_api, :operator;
GRANT UPDATE (state, redeliver_at) ON batch TO :report_api, :operator;
GRANT DELETE ON batch TO :planner, :operator;
GRANT USAGE ON SEQUENCE batch_batch_id_seq TO :planner;
-- item: of a run that is cancelled, what is not yet sent is withdrawn
GRANT SELECT ON item TO :planner, :halo_writer, :report_api, :operator;
GRANT INSERT, UPDATE, DELETE ON item TO :planner;
GRANT DELETE ON item TO :operator;
GRANT UPDATE ON item TO :halo_writer;
GRANT UPDATE (action_state, outcome, reason, detail) ON item TO :report_api, :operator;
-- item_view
GRANT SELECT ON item_view TO :report_api;
-- standing_item
GRANT SELECT ON standing_item TO :report_api;
-- run_approved_item
GRANT SELECT ON run_approved_item TO :planner, :report_api, :operator;
GRANT INSERT ON run_approved_item TO :report_api, :operator;
GRANT DELETE ON run_approved_item TO :planner, :operator;

-- item_line: a trigger of item is its only writer
GRANT SELECT, INSERT, DELETE ON item_line TO :planner;
GRANT SELECT, DELETE ON item_line TO :operator;
GRANT SELECT ON item_line TO :report_api;
-- purge_left: what is marked; who empties a row locks it. A month whose runs are being purged is summed each time
GRANT SELECT, INSERT, UPDATE (purge_id), DELETE ON purge_left TO :planner, :operator;
GRANT SELECT ON purge_left TO :report_api;
-- item_money
GRANT SELECT ON item_money TO :planner, :halo_writer, :report_api, :operator;
-- run_money: a trigger of run is its only writer
GRANT SELECT, INSERT ON run_money TO :planner, :report_api;
GRANT INSERT ON run_money TO :halo_writer, :operator;
-- run_view: whoever ends a run tells of it
GRANT SELECT ON run_view TO :planner, :halo_writer, :report_api, :operator;

-- ---------------------------------------------------------------- the audit log: added to, never changed
-- audit_entry
GRANT INSERT ON audit_entry TO :auth, :planner, :report_api, :operator;
GRANT SELECT ON audit_entry TO :report_api, :operator;

-- ---------------------------------------------------------------- what partners are told
-- webhook: its secret is sealed for auth, which looks whose keys are needed
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook TO :report_api;
GRANT SELECT (partner_id, secret_key_id) ON webhook TO :auth;
-- notice: a trigger of the outbox writes what changed; report-api delivers it
GRANT INSERT ON notice TO :auth, :planner, :halo_writer, :report_api, :operator;
GRANT SELECT, UPDATE, DELETE ON notice TO :report_api;
-- notice_state
GRANT SELECT, INSERT, UPDATE ON notice_state TO :report_api;
-- notice_delivery
GRANT SELECT, INSERT, UPDATE, DELETE ON notice_delivery TO :report_api;
-- notice_attempt
GRANT SELECT, INSERT ON notice_attempt TO :report_api;

-- ---------------------------------------------------------------- messages
-- inbox
GRANT SELECT, INSERT ON inbox TO :planner;
GRANT UPDATE (content) ON inbox TO :planner;
-- outbox: whoever is first publishes it
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO :auth, :planner, :halo_writer, :report_api;
GRANT SELECT, INSERT ON outbox TO :operator;
-- dead_letter
GRANT SELECT, INSERT, UPDATE ON dead_letter TO :planner;
GRANT SELECT, UPDATE ON dead_letter TO :operator;

-- ---------------------------------------------------------------- the limiter: of those who ask Halo
-- rate_tenant
GRANT SELECT, INSERT, UPDATE ON rate_tenant TO :auth, :planner, :halo_writer;
GRANT SELECT ON rate_tenant TO :report_api, :operator;
-- rate_lease
GRANT SELECT, INSERT, UPDATE, DELETE ON rate_lease TO :auth, :planner, :halo_writer;
GRANT SELECT ON rate_lease TO :report_api, :operator;
-- broken_invariant
GRANT SELECT ON broken_invariant TO :planner, :operator;
-- rate_standing
GRANT SELECT ON rate_standing TO :report_api, :operator;
