-- Sessions of the portal: a browser that signed in with an API key. Only the hash of the cookie is kept.
CREATE TABLE portal_session (
    token_hash      bytea PRIMARY KEY,
    key_id          uuid NOT NULL REFERENCES api_key,
    acts_for        text REFERENCES partner,                      -- null: an operator who has not picked a partner
    created_at      timestamptz NOT NULL DEFAULT now(),
    last_seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    notices         jsonb NOT NULL DEFAULT '[]'                   -- what the next page has to say
);
CREATE INDEX portal_session_key ON portal_session (key_id);
CREATE INDEX portal_session_expiry ON portal_session (expires_at);
