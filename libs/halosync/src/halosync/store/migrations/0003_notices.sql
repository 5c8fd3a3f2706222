-- What partners are told (spec section 11, "Told"): changes of state, who is told of them, and how each was delivered.

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

ALTER TABLE partner ADD COLUMN email_notices boolean NOT NULL DEFAULT true;
