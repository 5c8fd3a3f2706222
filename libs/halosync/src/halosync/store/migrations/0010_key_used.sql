-- When a key was last used, to within a few minutes: a key that nobody uses can be revoked.
ALTER TABLE api_key ADD COLUMN last_used_at timestamptz;
