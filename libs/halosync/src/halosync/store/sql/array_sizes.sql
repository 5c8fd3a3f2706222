-- name: array_size^
-- What is known for a month is tried anew: Halo is updated now and then.
SELECT rows, CASE WHEN ceiling_until > clock_timestamp() THEN ceiling END AS ceiling,
    CASE WHEN ceiling_until > clock_timestamp() THEN reason END AS reason
FROM halo_array_size WHERE tenant = :tenant AND learnt_at > now() - interval '30 days';

-- name: learn_first_array_size!
-- Of several writers whose first arrays end together, one says that the size works; what was learnt since stays. Nobody
-- waits until a size is on the disk: should Postgres crash before, it is learnt again.
INSERT INTO halo_array_size (tenant, rows) VALUES (:tenant, :rows)
ON CONFLICT (tenant) DO UPDATE SET rows = excluded.rows, ceiling = NULL, reason = NULL, ceiling_until = '-infinity',
    trial_until = '-infinity', learnt_at = now()
    WHERE halo_array_size.learnt_at <= now() - interval '30 days'
RETURNING set_config('synchronous_commit', 'off', true);

-- name: begin_array_trial$
-- One writer at a time tries a larger array: should it be refused, all its rows must be looked up.
INSERT INTO halo_array_size (tenant, rows, trial_until)
VALUES (:tenant, :rows, clock_timestamp() + make_interval(secs => CAST(:trial_s AS float8)))
ON CONFLICT (tenant) DO UPDATE SET trial_until = excluded.trial_until
    WHERE halo_array_size.trial_until <= clock_timestamp()
RETURNING tenant, set_config('synchronous_commit', 'off', true);

-- name: learn_array_size!
INSERT INTO halo_array_size (tenant, rows, ceiling, reason, ceiling_until)
VALUES (:tenant, :rows, CAST(:ceiling AS integer), CAST(:reason AS text),
        clock_timestamp() + make_interval(secs => CAST(:ceiling_s AS float8)))
ON CONFLICT (tenant) DO UPDATE SET rows = excluded.rows, ceiling = excluded.ceiling, reason = excluded.reason,
    ceiling_until = CASE WHEN (excluded.ceiling, excluded.reason) IS NOT DISTINCT FROM
        (halo_array_size.ceiling, halo_array_size.reason) THEN halo_array_size.ceiling_until
        ELSE excluded.ceiling_until END,
    trial_until = '-infinity', learnt_at = now()
RETURNING set_config('synchronous_commit', 'off', true);
