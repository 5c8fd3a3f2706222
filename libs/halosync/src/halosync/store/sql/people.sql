-- name: one_change_of_people_at_a_time!
-- So that two admins who remove each other at once leave one, and many at once do not pass the bound together.
SELECT pg_advisory_xact_lock(hashtextextended('people of ' || coalesce('partner ' || :partner_id::text, 'operators'), 0));

-- name: find_person^
SELECT email, partner_id, role, created_at FROM person
WHERE email = :email AND partner_id IS NOT DISTINCT FROM :partner_id;

-- name: roles_of_person
-- Everywhere where the person may enter.
SELECT partner_id, role FROM person WHERE email = :email;

-- name: page_of_people
-- Of one partner, or of the operators; by address, those behind `after`.
SELECT email, partner_id, role, created_at FROM person
WHERE (partner_id = :partner_id OR (partner_id IS NULL AND :partner_id::text IS NULL))
  AND (CAST(:after AS text) IS NULL OR email > :after)
ORDER BY email LIMIT :most;

-- name: count_people$
SELECT count(*) FROM person
WHERE partner_id = :partner_id OR (partner_id IS NULL AND :partner_id::text IS NULL);

-- name: put_person^
INSERT INTO person (email, partner_id, role) VALUES (:email, :partner_id, :role)
ON CONFLICT (email, partner_id) DO UPDATE SET role = excluded.role
RETURNING email, partner_id, role, created_at;

-- name: remove_person!
DELETE FROM person WHERE email = :email AND partner_id IS NOT DISTINCT FROM :partner_id;

-- name: has_other_admin$
-- Whether somebody else could still let people in: another admin, or a key that may.
SELECT EXISTS (
    SELECT FROM person WHERE email <> :email AND role = 'admin' AND partner_id IS NOT DISTINCT FROM :partner_id
) OR EXISTS (
    SELECT FROM api_key WHERE role = 'admin' AND revoked_at IS NULL AND partner_id IS NOT DISTINCT FROM :partner_id
);
