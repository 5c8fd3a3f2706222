-- name: add_audit_entry!
INSERT INTO audit_entry (partner_id, actor, actor_key_id, is_operator, act, subject, detail)
VALUES (:partner_id, :actor, :actor_key_id, :is_operator, :act, :subject, :detail);

-- name: add_audit_entries*!
-- Many entries of one act: a file of links changes thousands.
INSERT INTO audit_entry (partner_id, actor, actor_key_id, is_operator, act, subject, detail)
VALUES (:partner_id, :actor, :actor_key_id, :is_operator, :act, :subject, :detail);

-- name: audit_page
-- One partner's entries, newest first, those behind the entry `after`; of some acts, or of all.
SELECT audit_id, at, partner_id, actor, actor_key_id, is_operator, act, subject, detail
FROM audit_entry
WHERE partner_id = :partner_id
  AND (CAST(:after AS bigint) IS NULL OR audit_id < :after)
  AND (CAST(:acts AS text[]) IS NULL OR act = ANY(:acts))
ORDER BY audit_id DESC LIMIT :most;

-- name: one_change_at_a_time!
-- Changes that people make to one partner happen one after the other: else what an entry calls "before" could be wrong.
-- A lock of its own: an intake holds the partner's row for as long as it stores an invoice. Whoever also locks the
-- partner's connection (`lock_connection`) does that first, never while it holds this one.
SELECT pg_advisory_xact_lock(hashtextextended('changes of ' || :partner_id, 0));
