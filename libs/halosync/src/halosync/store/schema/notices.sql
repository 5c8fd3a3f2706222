-- What is told to the world is told to the partner: each of these events becomes a notice in the transaction that writes
-- it, whichever process and version does.
CREATE OR REPLACE FUNCTION outbox_notice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told jsonb := CAST(convert_from(NEW.body, 'UTF8') AS jsonb);
BEGIN
    INSERT INTO notice (partner_id, type, data)
    VALUES (told ->> 'partner_id', regexp_replace(NEW.message_type, '\.v[0-9]+$', ''), told - 'event_id');
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER outbox_notice AFTER INSERT ON outbox FOR EACH ROW
WHEN (NEW.message_type IN ('invoice.accepted.v1', 'run.finished.v1', 'connection.lost.v1', 'month.closed.v1'))
EXECUTE FUNCTION outbox_notice();
