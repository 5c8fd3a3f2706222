-- Who did what (spec section 2; the portal's audit log). Rows are added in the transaction of the change and never
-- changed or removed. No foreign key on the key: an entry says what was true then, whatever becomes of the key.
CREATE TABLE audit_entry (
    audit_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),  -- not the start of a transaction that waited
    partner_id      text REFERENCES partner,                      -- null: an act that concerns all partners
    actor           text NOT NULL,                                -- a key's name, auto_sync, Halo
    actor_key_id    uuid,                                         -- null: not done with an API key
    is_operator     boolean NOT NULL,
    act             text NOT NULL,                                -- one of halosync.domain.acts.Act
    subject         text NOT NULL,                                -- what it was done to: an id
    detail          jsonb NOT NULL                                -- what the act's sentence is made of
);
CREATE INDEX audit_entry_newest ON audit_entry (partner_id, audit_id DESC);

-- Who began a journey: Halo's redirect comes without a key, and what it completes was done by who began it.
-- Null: begun by a process of the version before.
ALTER TABLE oauth_attempt
    ADD COLUMN begun_by text,
    ADD COLUMN begun_by_key_id uuid,
    ADD COLUMN begun_by_operator boolean;
