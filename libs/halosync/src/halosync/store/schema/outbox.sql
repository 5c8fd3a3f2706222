-- A process publishes what it commits itself, and tells its own relay. Of what others commit, who have no relay, the relays
-- of all processes hear, which listen.
CREATE OR REPLACE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT
WHEN (coalesce(current_setting('halosync.relay', true), '') = '') EXECUTE FUNCTION outbox_notify();
