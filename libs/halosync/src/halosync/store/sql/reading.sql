-- name: begin_read^
-- A read goes on where it stopped, in whatever process; the first call begins it.
INSERT INTO halo_read (read_id, partner_id, tenant) VALUES (:read_id, :partner_id, :tenant)
ON CONFLICT (read_id) DO UPDATE SET read_id = excluded.read_id
RETURNING read_id, partner_id, tenant, list, client_id, said, pages, step, restarts;

-- name: save_page_of_clients^
-- Fenced: whoever has read on from a page that another process has read by now changes nothing, and no row comes back.
-- added: how many of the page's rows are new; pages may overlap, ids decide. is_known: this Halo was read before.
-- list, pages: how far the read is then, where that was known before; else null, and advance_read follows. Moved on at
-- once, the page is not waited for either.
WITH held AS (
    SELECT read_id, partner_id, tenant FROM halo_read
    WHERE read_id = :read_id AND step = :step AND restarts = :restarts FOR UPDATE
), moved AS (
    UPDATE halo_read SET list = :list, pages = CAST(:pages AS jsonb), step = halo_read.step + 1
    FROM held WHERE halo_read.read_id = held.read_id AND CAST(:list AS text) IS NOT NULL
    RETURNING set_config('synchronous_commit', 'off', true) AS is_awaited
), added AS (
    INSERT INTO halo_read_client (read_id, halo_client_id, name, inactive)
    SELECT held.read_id, page.*
    FROM held, unnest(CAST(:ids AS bigint[]), CAST(:names AS text[]), CAST(:inactive AS boolean[])) AS page
    ON CONFLICT DO NOTHING RETURNING 1
) SELECT (SELECT count(*) FROM added) AS added, EXISTS (SELECT FROM halo_snapshot s
    WHERE s.partner_id = held.partner_id AND halo_of(s.tenant) = halo_of(held.tenant)) AS is_known
FROM held LEFT JOIN moved ON true;

-- name: save_page_of_licences^
-- As of clients; of a row that a page has twice the first one counts. What the list of all showed before is new once
-- that of its client shows it.
WITH held AS (
    SELECT read_id, partner_id, tenant FROM halo_read
    WHERE read_id = :read_id AND step = :step AND restarts = :restarts FOR UPDATE
), moved AS (
    UPDATE halo_read SET list = :list, pages = CAST(:pages AS jsonb), step = halo_read.step + 1
    FROM held WHERE halo_read.read_id = held.read_id AND CAST(:list AS text) IS NOT NULL
    RETURNING set_config('synchronous_commit', 'off', true) AS is_awaited
), added AS (
    INSERT INTO halo_read_licence (read_id, halo_licence_id, halo_client_id, name, quantity, price, purchase_price,
                                   billing_cycle, is_active, deleted, foreign_mark, licence_type, stamp,
                                   product_sku)
    SELECT DISTINCT ON (id) held.read_id, id, client_id, name, quantity, price, purchase_price, billing_cycle, active,
        deleted, foreign_mark, licence_type, stamp, product_sku
    FROM held, unnest(CAST(:ids AS bigint[]), CAST(:client_ids AS bigint[]), CAST(:names AS text[]),
        CAST(:quantities AS numeric[]), CAST(:prices AS numeric[]), CAST(:purchase_prices AS numeric[]),
        CAST(:billing_cycles AS text[]), CAST(:active AS boolean[]), CAST(:deleted AS boolean[]),
        CAST(:foreign_marks AS text[]), CAST(:licence_types AS bigint[]), CAST(:stamps AS text[]),
        CAST(:product_skus AS text[]))
        WITH ORDINALITY AS page (id, client_id, name, quantity, price, purchase_price, billing_cycle, active, deleted,
            foreign_mark, licence_type, stamp, product_sku, place)
    ORDER BY id, place
    ON CONFLICT (read_id, halo_licence_id) DO UPDATE SET halo_client_id = excluded.halo_client_id,
        name = excluded.name, quantity = excluded.quantity, price = excluded.price,
        purchase_price = excluded.purchase_price, billing_cycle = excluded.billing_cycle,
        is_active = excluded.is_active, deleted = excluded.deleted, foreign_mark = excluded.foreign_mark,
        licence_type = excluded.licence_type, stamp = excluded.stamp, product_sku = excluded.product_sku,
        awaited = false
    WHERE halo_read_licence.awaited
    RETURNING 1
) SELECT (SELECT count(*) FROM added) AS added, EXISTS (SELECT FROM halo_snapshot s
    WHERE s.partner_id = held.partner_id AND halo_of(s.tenant) = halo_of(held.tenant)) AS is_known
FROM held LEFT JOIN moved ON true;

-- name: clients_as_known$
-- Whether the clients read so far are exactly those of the last complete read, which was of the same Halo.
SELECT NOT EXISTS (
    SELECT FROM (SELECT halo_client_id FROM halo_client WHERE partner_id = :partner_id) AS k
    FULL JOIN (SELECT halo_client_id FROM halo_read_client WHERE read_id = :read_id) AS r USING (halo_client_id)
    WHERE k.halo_client_id IS NULL OR r.halo_client_id IS NULL);

-- name: licences_as_known$
-- Likewise of licences, with those that halosync has written since; one that it removed may have gone or not.
SELECT NOT EXISTS (
    SELECT FROM (SELECT halo_licence_id, removed_at FROM halo_licence WHERE partner_id = :partner_id) AS k
    FULL JOIN (SELECT halo_licence_id FROM halo_read_licence WHERE read_id = :read_id) AS r USING (halo_licence_id)
    WHERE k.halo_licence_id IS NULL OR (r.halo_licence_id IS NULL AND k.removed_at IS NULL));

-- name: advance_read!
-- Nobody waits until the page is on the disk: should Postgres crash before, it is read again.
UPDATE halo_read SET list = :list, client_id = :client_id, said = :said, pages = CAST(:pages AS jsonb), step = :step
WHERE read_id = :read_id RETURNING set_config('synchronous_commit', 'off', true);

-- name: client_to_read$
-- The client whose licences are to be read next, after this one; null is before all of them. Those of which the list of
-- all showed licences come last: an agent that loses its rights before shows none of them.
WITH done AS (
    UPDATE halo_read_client SET was_read = true WHERE read_id = :read_id AND halo_client_id = :was_read)
SELECT halo_client_id FROM halo_read_client c
WHERE read_id = :read_id AND NOT was_read AND halo_client_id IS DISTINCT FROM CAST(:was_read AS bigint)
ORDER BY EXISTS (SELECT FROM halo_read_licence r WHERE r.read_id = c.read_id AND r.halo_client_id = c.halo_client_id
                 AND r.awaited), halo_client_id
LIMIT 1;

-- name: await_licences!
-- The list of all licences is not all of them: it is read client by client, and what it showed is to be seen there.
UPDATE halo_read_licence SET awaited = true WHERE read_id = :read_id;

-- name: awaits_client$
-- Whether the list of all showed licences of a client whose own list shows none.
SELECT EXISTS (SELECT FROM halo_read_licence r
               WHERE r.read_id = :read_id AND r.halo_client_id = :client_id AND r.awaited)
    AND NOT EXISTS (SELECT FROM halo_read_licence r
                    WHERE r.read_id = :read_id AND r.halo_client_id = :client_id AND NOT r.awaited);

-- name: forget_awaited$
-- A client's own list, which came later, is right where it shows others. Clients that Halo does not list have none.
-- Returns how many rows only the list of all showed.
WITH gone AS (
    DELETE FROM halo_read_licence r WHERE r.read_id = :read_id AND r.awaited AND EXISTS (
        SELECT FROM halo_read_client c WHERE c.read_id = r.read_id AND c.halo_client_id = r.halo_client_id)
    RETURNING 1
) SELECT count(*) FROM gone;

-- name: count_licences_read$
SELECT count(*) FROM halo_read_licence WHERE read_id = :read_id;

-- name: restart_read$
-- What was read contradicts itself; from the beginning. Returns how often that has happened.
-- Fenced by the number of restarts, so that two processes restart it once.
WITH again AS (
    UPDATE halo_read SET list = 'clients', client_id = NULL, said = NULL, pages = NULL, step = 0, restarts = restarts + 1
    WHERE read_id = :read_id AND restarts = :restarts RETURNING read_id, restarts),
     gone AS (DELETE FROM halo_read_client c USING again WHERE c.read_id = again.read_id),
     gone_too AS (DELETE FROM halo_read_licence l USING again WHERE l.read_id = again.read_id)
SELECT restarts FROM again;

-- name: page_size^
-- What is known for a month is tried anew: Halo is updated now and then.
SELECT rows, ceiling FROM halo_page_size
WHERE tenant = :tenant AND list = :list AND learnt_at > now() - interval '30 days';

-- name: learn_page_size!
INSERT INTO halo_page_size (tenant, list, rows, ceiling) VALUES (:tenant, :list, :rows, :ceiling)
ON CONFLICT (tenant, list) DO UPDATE SET rows = excluded.rows, ceiling = excluded.ceiling, learnt_at = now();

-- name: compare_with_snapshot^
-- What halosync knows (last complete read, own writes) against this read (spec section 3, "Shrunk reads").
-- By EXCEPT: statistics from between two reads say that none is kept, and Postgres would then go through all of the
-- read's rows for each known one; 20,000 of both took more than the minute that a statement has.
SELECT
    (SELECT count(*) FROM halo_client k WHERE k.partner_id = :partner_id AND s.partner_id IS NOT NULL) AS clients_before,
    (SELECT count(*) FROM halo_read_client r WHERE r.read_id = :read_id) AS clients_now,
    (SELECT count(*) FROM halo_licence k WHERE k.partner_id = :partner_id AND k.removed_at IS NULL
        AND s.partner_id IS NOT NULL) AS known,
    (SELECT count(*) FROM (
        SELECT k.halo_licence_id FROM halo_licence k
        WHERE k.partner_id = :partner_id AND k.removed_at IS NULL AND s.partner_id IS NOT NULL
        EXCEPT SELECT r.halo_licence_id FROM halo_read_licence r WHERE r.read_id = :read_id AND NOT r.deleted
    ) AS licence) AS missing,
    (SELECT count(*) FROM halo_read_licence r WHERE r.read_id = :read_id AND NOT r.deleted) AS observed,
    h.said IS NOT NULL AS by_client,
    -- What Halo said it has and showed nowhere, beyond what it was so at the last complete read.
    greatest(h.said - (SELECT count(*) FROM halo_read_licence r WHERE r.read_id = :read_id) - coalesce(s.unshown, 0), 0)
        AS unshown,
    -- Clients that are still there: read client by client, each has a list of its own, and one that had rows can be
    -- empty now. In a list of all, of one licence nobody can tell whether it was all that the client had.
    (SELECT count(*) FROM (
        SELECT k.halo_client_id FROM halo_licence k
        WHERE k.partner_id = :partner_id AND k.removed_at IS NULL AND s.partner_id IS NOT NULL
        GROUP BY k.halo_client_id HAVING h.said IS NOT NULL OR count(*) > 1
        INTERSECT SELECT c.halo_client_id FROM halo_read_client c WHERE c.read_id = :read_id
        EXCEPT SELECT r.halo_client_id FROM halo_read_licence r WHERE r.read_id = :read_id AND NOT r.deleted
    ) AS client) AS emptied
FROM halo_read h
LEFT JOIN halo_snapshot s ON s.partner_id = :partner_id AND halo_of(s.tenant) = halo_of(:tenant)
WHERE h.read_id = :read_id;

-- name: forget_other_tenant$
-- What is known of another Halo says nothing about this one. Returns whether this one was read before; then nothing is
-- forgotten, and the row that says so stays as it is until the transaction ends.
WITH here AS (
    SELECT FROM halo_snapshot WHERE partner_id = :partner_id AND halo_of(tenant) = halo_of(:tenant) FOR KEY SHARE),
     gone AS (DELETE FROM halo_licence WHERE partner_id = :partner_id AND NOT EXISTS (SELECT FROM here)),
     missing AS (DELETE FROM missing_licence WHERE partner_id = :partner_id AND NOT EXISTS (SELECT FROM here)),
     gone_too AS (DELETE FROM vanished_licence WHERE partner_id = :partner_id AND NOT EXISTS (SELECT FROM here))
SELECT EXISTS (SELECT FROM here);

-- name: remember_before!
-- Before the read replaces what is known: what it shows and the last one did not is known as it was, what halosync wrote,
-- what Halo made of it, since when; and what somebody has deleted in Halo is remembered.
WITH back AS (DELETE FROM missing_licence WHERE partner_id = :partner_id AND halo_licence_id = ANY (ARRAY(
    SELECT m.halo_licence_id FROM missing_licence m WHERE m.partner_id = :partner_id
    INTERSECT SELECT r.halo_licence_id FROM halo_read_licence r WHERE r.read_id = :read_id AND NOT r.deleted))
    RETURNING *
), known AS (INSERT INTO halo_licence SELECT * FROM back ON CONFLICT DO NOTHING)
INSERT INTO vanished_licence (partner_id, halo_licence_id, halo_client_id, product_code)
SELECT v.partner_id, v.halo_licence_id, v.halo_client_id, v.product_code FROM vanished_licences(:read_id) AS v
ON CONFLICT DO NOTHING;

-- name: forget_returned!
-- A licence is where it was again, or its product has another one that halosync wrote. IS TRUE: a list that is looked up.
DELETE FROM vanished_licence v
WHERE v.partner_id = :partner_id AND (
    EXISTS (SELECT FROM halo_licence l WHERE l.partner_id = :partner_id AND l.halo_licence_id = v.halo_licence_id
            AND l.halo_client_id = v.halo_client_id)
    OR ((v.halo_client_id, product_key(v.product_code)) IN (
        SELECT l.halo_client_id, product_key(l.product_code) FROM halo_licence l
        WHERE l.partner_id = :partner_id AND l.owned AND l.removed_at IS NULL AND l.product_code IS NOT NULL)) IS TRUE);

-- name: forget_with_client!
-- A deletion is forgotten once no complete read has shown its client for 90 days. That is longer than an agent lacks
-- rights by mistake; a client that comes back before finds what was deleted still held. Two reads may be all that says so:
-- what was known of the licence stays in missing_licence, and it is no stranger when it is seen again.
WITH turned AS (
    UPDATE vanished_licence v SET client_gone_at = CASE WHEN v.client_gone_at IS NULL THEN now() END
    WHERE v.partner_id = :partner_id AND (v.client_gone_at IS NULL) <> EXISTS (
        SELECT FROM halo_client c WHERE c.partner_id = v.partner_id AND c.halo_client_id = v.halo_client_id))
DELETE FROM vanished_licence v
WHERE v.partner_id = :partner_id AND v.client_gone_at < now() - interval '90 days'
    AND NOT EXISTS (SELECT FROM halo_client c WHERE c.partner_id = v.partner_id AND c.halo_client_id = v.halo_client_id);

-- name: replace_clients!
-- Those that are gone are found by EXCEPT, as in compare_with_snapshot.
WITH gone AS (DELETE FROM halo_client WHERE partner_id = :partner_id AND halo_client_id = ANY (ARRAY(
    SELECT k.halo_client_id FROM halo_client k WHERE k.partner_id = :partner_id
    EXCEPT SELECT r.halo_client_id FROM halo_read_client r WHERE r.read_id = :read_id)))
INSERT INTO halo_client (partner_id, halo_client_id, name, inactive)
SELECT :partner_id, changed.* FROM (
    SELECT halo_client_id, name, inactive FROM halo_read_client WHERE read_id = :read_id
    EXCEPT SELECT halo_client_id, name, inactive FROM halo_client WHERE partner_id = :partner_id) AS changed
ON CONFLICT (partner_id, halo_client_id) DO UPDATE SET name = excluded.name, inactive = excluded.inactive;

-- name: replace_licences!
-- What is as it was is not written again: in most months that is nearly all.
-- What is not shown now may be later: all that is known of it is kept.
-- `owned` survives; `removed_at` survives only while the licence stays inactive (Halo's delete is probably soft).
WITH gone AS (DELETE FROM halo_licence WHERE partner_id = :partner_id AND halo_licence_id = ANY (ARRAY(
    SELECT k.halo_licence_id FROM halo_licence k WHERE k.partner_id = :partner_id
    EXCEPT SELECT r.halo_licence_id FROM halo_read_licence r WHERE r.read_id = :read_id AND NOT r.deleted))
    RETURNING *
), missing AS (INSERT INTO missing_licence SELECT * FROM gone ON CONFLICT DO NOTHING)
INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, purchase_price,
                          billing_cycle, is_active, foreign_mark, licence_type)
SELECT :partner_id, changed.* FROM (
    SELECT halo_licence_id, halo_client_id, name, quantity, price, purchase_price, billing_cycle, is_active,
        foreign_mark, licence_type
    FROM halo_read_licence WHERE read_id = :read_id AND NOT deleted
    EXCEPT SELECT halo_licence_id, halo_client_id, name, quantity, price, purchase_price, billing_cycle, is_active,
        foreign_mark, licence_type
    FROM halo_licence WHERE partner_id = :partner_id AND (removed_at IS NULL OR NOT is_active)) AS changed
ON CONFLICT (partner_id, halo_licence_id) DO UPDATE SET
    halo_client_id = excluded.halo_client_id, name = excluded.name, quantity = excluded.quantity,
    price = excluded.price, purchase_price = excluded.purchase_price, billing_cycle = excluded.billing_cycle,
    is_active = excluded.is_active, foreign_mark = excluded.foreign_mark, licence_type = excluded.licence_type,
    removed_at = CASE WHEN excluded.is_active THEN NULL ELSE halo_licence.removed_at END;

-- name: written_since$
-- Whether a run has written to the partner's Halo since the read began: then the read may not show it.
SELECT EXISTS (SELECT FROM run r JOIN halo_read h ON h.read_id = :read_id
    WHERE r.partner_id = :partner_id AND r.writing_at IS NOT NULL
      AND coalesce(r.finished_at, 'infinity') >= h.created_at);

-- name: stamp_snapshot!
-- The read is over: its rows go with it. So ends the refresh that it was for, if it was for one.
WITH closed AS (DELETE FROM halo_refresh WHERE read_id = :read_id),
     h AS (DELETE FROM halo_read WHERE read_id = :read_id RETURNING read_id, said)
INSERT INTO halo_snapshot (partner_id, tenant, read_at, unshown)
SELECT :partner_id, :tenant, now(), coalesce(greatest(h.said - (
    SELECT count(*) FROM halo_read_licence r WHERE r.read_id = h.read_id), 0), 0)
FROM h
ON CONFLICT (partner_id) DO UPDATE SET tenant = excluded.tenant, read_at = excluded.read_at, unshown = excluded.unshown,
    reviewed_at = CASE WHEN halo_of(halo_snapshot.tenant) = halo_of(excluded.tenant)
        THEN halo_snapshot.reviewed_at END;

-- name: forget_read!
-- Its rows go with it. So ends the refresh that it was for, if it was for one.
WITH closed AS (DELETE FROM halo_refresh WHERE read_id = :read_id)
DELETE FROM halo_read WHERE read_id = :read_id;

-- name: forget_old_reads!
-- Reads of runs that ended otherwise, and of refreshes that were given up.
DELETE FROM halo_read h WHERE created_at < now() - interval '1 day'
  AND NOT EXISTS (SELECT FROM run WHERE run_id = h.read_id AND finished_at IS NULL);

-- name: open_refresh$
-- One at a time: the open one, or this one where there is none. One that nobody has worked on for so long is lost.
INSERT INTO halo_refresh AS r (partner_id, read_id) VALUES (:partner_id, :read_id)
ON CONFLICT (partner_id) DO UPDATE SET
    read_id = CASE WHEN r.alive_at < now() - make_interval(secs => :lost_s) THEN excluded.read_id ELSE r.read_id END,
    alive_at = CASE WHEN r.alive_at < now() - make_interval(secs => :lost_s) THEN now() ELSE r.alive_at END
RETURNING read_id;

-- name: refresh_wanted$
-- Whether somebody still waits for this refresh.
UPDATE halo_refresh SET alive_at = now() WHERE partner_id = :partner_id AND read_id = :read_id RETURNING true;

-- name: refresh_context^
-- On whose behalf a refresh reads: only a connected partner has a Halo to read.
SELECT c.tenant, p.rate_requests, p.rate_window_s FROM connection c JOIN partner p USING (partner_id)
WHERE c.partner_id = :partner_id AND c.state = 'connected';
