-- name: partners_with_tokens
SELECT partner_id FROM oauth_token ORDER BY partner_id;

-- name: encrypt_token_anew!
-- The caller has locked the connection, so no refresh is under way.
UPDATE oauth_token SET access_token = :access_token, refresh_token = :refresh_token WHERE partner_id = :partner_id;

-- name: open_verifiers
SELECT state_hash, code_verifier FROM oauth_attempt WHERE used_at IS NULL AND expires_at > now();

-- name: encrypt_verifier_anew!
-- Unless it was used or ended meanwhile.
UPDATE oauth_attempt SET code_verifier = :anew WHERE state_hash = :state_hash AND code_verifier = :before;

-- name: token_generations
-- What can be looked at: a generation that was read once stays readable to whoever read it.
SELECT partner_id, generation FROM connection JOIN oauth_token USING (partner_id) WHERE state = 'connected';

-- name: tokens_to_look_at
SELECT partner_id, generation, access_token, refresh_token FROM oauth_token
WHERE partner_id = ANY(CAST(:partner_ids AS text[]));

-- name: note_unreadable!
-- A connection that works has no problem, so one that has is one whose tokens cannot be read. Not of a generation that
-- came since: it was encrypted by who can read it.
UPDATE connection AS c SET problem = :problem FROM oauth_token AS t
WHERE t.partner_id = c.partner_id AND c.state = 'connected' AND c.problem IS DISTINCT FROM :problem
  AND (t.partner_id, t.generation) IN (
    SELECT * FROM unnest(CAST(:partner_ids AS text[]), CAST(:generations AS bigint[]))
  );

-- name: note_readable!
UPDATE connection SET problem = NULL
WHERE state = 'connected' AND problem IS NOT NULL AND partner_id <> ALL(CAST(:unreadable AS text[]));
