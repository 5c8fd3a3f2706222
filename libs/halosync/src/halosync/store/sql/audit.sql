-- name: add_audit_entry!
INSERT INTO audit_entry (partner_id, actor, actor_key_id, is_operator, act, subject, detail)
VALUES (:partner_id, :actor, :actor_key_id, :is_operator, :act, :subject, :detail);

-- name: add_audit_entries*!
-- Many entries of one act: a file of links changes thousands.
INSERT INTO audit_entry (partner_id, actor, actor_key_id, is_operator, act, subject, detail)
VALUES (:partner_id, :actor, :actor_key_id, :is_operator, :act, :subject, :detail);

-- name: audit_page
-- One partner's entries, newest first, those behind the entry `after`.
SELECT audit_id, at, partner_id, actor, actor_key_id, is_operator, act, subject, detail
FROM chosen_audit_entries(:partner_id, :acts, :since, :until, :actor, :pattern, :named, :period)
WHERE CAST(:after AS bigint) IS NULL OR audit_id < :after
ORDER BY audit_id DESC LIMIT :most;

-- name: sorted_audit_page
-- Likewise in another order; the entry `after` is the last of the page before. :ranked are all acts by their names; one of
-- a newer version stands last. What is equal stands newest first.
WITH placed AS (
    SELECT *, natural_order(CASE :sort WHEN 'person' THEN actor
            WHEN 'act' THEN CAST(coalesce(array_position(CAST(:ranked AS text[]), act), 1000) AS text) ELSE '' END) COLLATE "C" AS word,
        CASE WHEN :sort = 'time' AND NOT :down THEN audit_id ELSE -audit_id END AS number
    FROM chosen_audit_entries(:partner_id, :acts, :since, :until, :actor, :pattern, :named, :period)
)
SELECT p.audit_id, p.at, p.partner_id, p.actor, p.actor_key_id, p.is_operator, p.act, p.subject, p.detail
FROM placed p LEFT JOIN placed l ON l.audit_id = :after
WHERE CAST(:after AS bigint) IS NULL OR p.word = l.word AND p.number > l.number
    OR CASE WHEN :down THEN p.word < l.word ELSE p.word > l.word END
ORDER BY CASE WHEN NOT :down THEN p.word END, CASE WHEN :down THEN p.word END DESC, p.number LIMIT :most;

-- name: audit_actors
-- Everybody who is in a partner's log, once by name.
SELECT DISTINCT ON (lower(actor), actor) actor, actor_key_id, is_operator FROM audit_entry
WHERE partner_id = :partner_id ORDER BY lower(actor), actor, audit_id DESC;

-- name: one_change_at_a_time!
-- Changes that people make to one partner happen one after the other: else what an entry calls "before" could be wrong.
-- A lock of its own: an intake holds the partner's row for as long as it stores an invoice. Whoever also locks the
-- partner's connection (`lock_connection`) does that first, never while it holds this one.
SELECT pg_advisory_xact_lock(hashtextextended('changes of ' || :partner_id, 0));
