-- A fence that never runs backwards. `attempts` is what a limit or a refused token gives back, so two marks of one
-- action could carry the same number, and the late word of a first writer would count for the second.
ALTER TABLE item ADD COLUMN mark_no integer NOT NULL DEFAULT 0;     -- marks this action has ever had
UPDATE item SET mark_no = attempts WHERE action_state IN ('waiting', 'sending', 'unknown') AND attempts > 0;

-- When a look-up first saw a client without a single licence, although a write of this action may have been applied.
ALTER TABLE item ADD COLUMN unseen_at timestamptz;

-- By trigger, because writers of the version before mark too while an upgrade goes on.
CREATE FUNCTION item_count_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.mark_no := OLD.mark_no + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER item_count_mark BEFORE UPDATE OF action_state ON item
    FOR EACH ROW WHEN (NEW.action_state = 'sending' AND OLD.action_state IS DISTINCT FROM 'sending')
    EXECUTE FUNCTION item_count_mark();
