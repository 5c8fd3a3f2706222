-- The relays of all processes listen, so a message is published as soon as it is committed. It says which of them has it:
-- that of the process that committed it, or '' where that has none, which is for all. Should that process die before, the
-- others find the message when they next look.
CREATE OR REPLACE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', coalesce(current_setting('halosync.relay', true), ''));
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify();
