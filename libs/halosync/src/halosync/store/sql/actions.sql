-- name: look_again!
-- What a look-up does not see as it should is looked at once more, settle_s later, before that is believed.
UPDATE item SET action_state = 'unknown', unseen_at = clock_timestamp(),
    settle_at = clock_timestamp() + make_interval(secs => CAST(:settle_s AS float8))
FROM unnest(CAST(:item_ids AS bigint[]), CAST(:marks AS integer[])) AS m(item_id, mark_no)
WHERE item.item_id = m.item_id AND CASE WHEN item.mark_no = m.mark_no THEN item.action_state IN ('sending', 'unknown') END;

-- name: mark_sending
-- Committed before the first byte is sent: whoever finds this mark without a result knows that Halo may have it.
-- Every mark raises mark_no (a trigger), the fence of all results.
-- A run that was cancelled, or has lost its connection, gets no more marks.
UPDATE item SET action_state = 'sending', attempts = attempts + 1, worker = :worker, unseen_at = NULL,
    answer_status = NULL, answer_words = NULL,
    send_by = clock_timestamp() + make_interval(secs => CAST(:send_s AS float8)),
    settle_at = clock_timestamp() + make_interval(secs => CAST(:send_s AS float8) + :answer_s + :settle_s)
WHERE item_id = ANY(:item_ids) AND action_state = 'waiting'
  AND NOT EXISTS (SELECT FROM run r WHERE r.run_id = item.run_id
                  AND (r.cancel_requested_at IS NOT NULL OR r.error_code IS NOT NULL))
RETURNING item_id, mark_no;

-- name: unmark!
-- Surely not sent, or surely refused: waiting again. Fenced by the mark.
UPDATE item SET action_state = 'waiting', attempts = item.attempts - :uncharged, settle_at = NULL, send_by = NULL
FROM unnest(CAST(:item_ids AS bigint[]), CAST(:marks AS integer[])) AS m(item_id, mark_no)
WHERE item.item_id = m.item_id AND CASE WHEN item.mark_no = m.mark_no THEN item.action_state IN ('sending', 'unknown') END;

-- name: mark_unknown!
-- Sent, and nobody knows whether it was applied. The request has ended by now, so only Halo itself may still be at
-- it, for settle_s; 0 when Halo has answered and there is nothing to wait for. The licence's id, where the answer names
-- it: whatever the licence is called, it is that one.
UPDATE item SET action_state = 'unknown', answer_status = CAST(:status AS integer), answer_words = CAST(:words AS text),
    halo_licence_id = coalesce(item.halo_licence_id, m.licence_id),
    settle_at = least(settle_at, clock_timestamp() + make_interval(secs => CAST(:settle_s AS float8)))
FROM unnest(CAST(:item_ids AS bigint[]), CAST(:marks AS integer[]), CAST(:licence_ids AS bigint[]))
    AS m(item_id, mark_no, licence_id)
WHERE item.item_id = m.item_id AND CASE WHEN item.mark_no = m.mark_no THEN item.action_state = 'sending' END;

-- name: record_taken
-- What Halo took: kept as asked, or otherwise (failed: not_kept). Fenced: a result counts only for the mark it belongs to.
-- Pages and money show what Halo keeps. A create that found what somebody else had made has changed nothing, and owns nothing.
-- What halosync wrote is its own (but for what an undo gives back to others), and is known without another read; unless the
-- partner has moved to another tenant since, whose licences have the same numbers. In the same statement: the items' trigger
-- locks the run when all of it is written, so that nobody waits for that.
WITH taken AS (
    UPDATE item SET action = CASE WHEN m.found THEN 'unchanged' ELSE item.action END,
        before_quantity = CASE WHEN m.found THEN item.after_quantity ELSE item.before_quantity END,
        before_price = CASE WHEN m.found THEN item.after_price ELSE item.before_price END,
        before_billing_cycle = CASE WHEN m.found THEN item.after_billing_cycle ELSE item.before_billing_cycle END,
        before_active = CASE WHEN m.found THEN item.after_active ELSE item.before_active END,
        action_state = CASE WHEN m.failed THEN 'rejected' ELSE 'applied' END,
        outcome = CASE WHEN m.failed THEN 'failed' ELSE 'synced' END,
        reason = CASE WHEN m.failed THEN 'not_kept' END, settle_at = NULL,
        detail = coalesce(m.detail, CASE WHEN item.restores_licence_id IS NOT NULL THEN item.detail END),
        halo_licence_id = coalesce(item.halo_licence_id, m.licence_id), licence_name = coalesce(m.name, item.licence_name),
        after_quantity = CASE WHEN m.failed THEN m.quantity ELSE item.after_quantity END,
        after_price = CASE WHEN m.failed THEN m.price ELSE coalesce(m.price, item.after_price) END,
        after_billing_cycle = CASE WHEN m.failed THEN m.billing_cycle
                                   ELSE coalesce(m.billing_cycle, item.after_billing_cycle) END,
        after_active = CASE WHEN m.failed THEN m.active ELSE item.after_active END
    FROM unnest(CAST(:item_ids AS bigint[]), CAST(:marks AS integer[]), CAST(:licence_ids AS bigint[]),
        CAST(:failed AS boolean[]), CAST(:found AS boolean[]), CAST(:details AS text[]), CAST(:names AS text[]),
        CAST(:quantities AS numeric[]), CAST(:prices AS numeric[]), CAST(:billing_cycles AS text[]),
        CAST(:active AS boolean[]), CAST(:otherwise AS text[]))
        AS m(item_id, mark_no, licence_id, failed, found, detail, name, quantity, price, billing_cycle, active, otherwise)
    WHERE item.item_id = m.item_id
      AND CASE WHEN item.mark_no = m.mark_no THEN item.action_state IN ('sending', 'unknown') END
    RETURNING item.action, item.outcome, item.halo_licence_id, item.halo_client_id, item.licence_name, item.product_code,
        item.after_quantity, item.after_price, item.after_billing_cycle, item.after_active, item.owned_after,
        -- A created licence's name is known by asked_name.
        CAST(m.otherwise AS jsonb) || CASE WHEN item.action = 'create' THEN jsonb '{"asked_name": null}' ELSE jsonb '{}' END AS otherwise,
        CASE WHEN item.action = 'create' THEN CAST(m.otherwise AS jsonb) ->> 'asked_name' END AS asked_name
), remembered AS (
    INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, purchase_price,
        billing_cycle, is_active, owned, product_code, asked_name, kept_name, kept_otherwise,
        wrote_name, wrote_quantity, wrote_price, wrote_billing_cycle, wrote_active, wrote_price_field)
    SELECT :partner_id, w.halo_licence_id, w.halo_client_id, w.licence_name, w.after_quantity,
        CASE WHEN :price_field <> 'purchase_price' THEN w.after_price END,
        CASE WHEN :price_field = 'purchase_price' THEN w.after_price END,
        w.after_billing_cycle, w.after_active, w.owned_after, w.product_code, w.asked_name,
        CASE WHEN w.asked_name IS NOT NULL THEN w.licence_name END, w.otherwise,
        w.licence_name, w.after_quantity, w.after_price, w.after_billing_cycle, w.after_active, :price_field
    -- Two items may have written one licence, where one found what somebody had renamed: what Halo keeps counts.
    FROM (SELECT DISTINCT ON (halo_licence_id) * FROM taken ORDER BY halo_licence_id, outcome = 'failed' DESC) AS w
    WHERE w.halo_licence_id IS NOT NULL AND w.after_active IS NOT NULL AND w.action <> 'unchanged'
      AND (w.action <> 'delete' OR w.outcome = 'synced')
      AND EXISTS (SELECT FROM halo_snapshot s WHERE s.partner_id = :partner_id AND halo_of(s.tenant) = halo_of(:tenant) FOR KEY SHARE)
    ON CONFLICT (partner_id, halo_licence_id) DO UPDATE SET name = excluded.name, quantity = excluded.quantity,
        price = coalesce(excluded.price, halo_licence.price),
        purchase_price = coalesce(excluded.purchase_price, halo_licence.purchase_price),
        billing_cycle = excluded.billing_cycle, is_active = excluded.is_active, owned = excluded.owned, removed_at = NULL,
        product_code = coalesce(excluded.product_code, halo_licence.product_code),
        asked_name = coalesce(excluded.asked_name, halo_licence.asked_name),
        kept_name = coalesce(excluded.kept_name, halo_licence.kept_name), kept_otherwise = excluded.kept_otherwise,
        wrote_name = excluded.wrote_name, wrote_quantity = excluded.wrote_quantity, wrote_price = excluded.wrote_price,
        wrote_billing_cycle = excluded.wrote_billing_cycle, wrote_active = excluded.wrote_active,
        wrote_price_field = excluded.wrote_price_field
)
SELECT action, outcome, count(*) AS items,
    array_agg(halo_licence_id) FILTER (WHERE outcome = 'synced' AND after_active IS NULL) AS removed,
    array_agg(halo_licence_id) FILTER (WHERE outcome = 'failed' AND action = 'delete') AS stayed,
    array_agg(CAST(otherwise AS text)) FILTER (WHERE outcome = 'failed' AND action = 'delete') AS otherwise
FROM taken GROUP BY action, outcome;

-- name: record_failed
WITH failed AS (
    UPDATE item SET action_state = 'rejected', outcome = 'failed', reason = m.reason, detail = m.detail, settle_at = NULL
    FROM unnest(CAST(:item_ids AS bigint[]), CAST(:marks AS integer[]), CAST(:reasons AS text[]),
        CAST(:details AS text[])) AS m(item_id, mark_no, reason, detail)
    WHERE item.item_id = m.item_id AND CASE WHEN item.mark_no = m.mark_no
      THEN item.action_state IN ('waiting', 'sending', 'unknown') END
    RETURNING item.action, item.outcome
) SELECT action, outcome, count(*) AS items FROM failed GROUP BY action, outcome;

-- name: adopt_licence!
-- A create that was looked up found a licence of that name which is not as wanted: it becomes an update of that one.
-- before_*, was_name: what it was, where somebody else has made it, so an undo does not remove it.
UPDATE item SET halo_licence_id = :licence_id, action_state = 'waiting', settle_at = NULL,
    before_quantity = CAST(:quantity AS numeric), before_price = CAST(:price AS numeric),
    before_billing_cycle = CAST(:billing_cycle AS text), before_active = CAST(:active AS boolean),
    was_name = coalesce(was_name, CAST(:name AS text))
WHERE item_id = :item_id AND mark_no = :mark_no AND action_state IN ('sending', 'unknown');

-- name: remember_not_removed!
-- Halo did not do a removal: the licence is not ours by that.
UPDATE halo_licence SET kept_otherwise = CAST(m.otherwise AS jsonb)
FROM unnest(CAST(:ids AS bigint[]), CAST(:otherwise AS text[])) AS m(id, otherwise)
WHERE partner_id = :partner_id AND halo_licence_id = m.id
  AND EXISTS (SELECT FROM halo_snapshot s WHERE s.partner_id = :partner_id AND halo_of(s.tenant) = halo_of(:tenant) FOR KEY SHARE);

-- name: remember_removed!
-- A Halo that still lists it shows it inactive: that is what halosync wrote, and nobody's edit.
UPDATE halo_licence SET removed_at = now(), is_active = false,
    wrote_active = CASE WHEN wrote_active THEN false ELSE wrote_active END
WHERE partner_id = :partner_id AND halo_licence_id = ANY(:ids)
  AND EXISTS (SELECT FROM halo_snapshot s WHERE s.partner_id = :partner_id AND halo_of(s.tenant) = halo_of(:tenant) FOR KEY SHARE);

-- name: note_failures!
UPDATE batch SET failures = :failures WHERE batch_id = :batch_id;

-- name: note_success!
-- Halo has taken the token and the request: what went before says nothing about the next one.
UPDATE batch SET failures = 0, refused_generation = NULL
WHERE batch_id = :batch_id AND (failures <> 0 OR refused_generation IS NOT NULL);

-- name: note_refused_token!
UPDATE batch SET refused_generation = :generation WHERE batch_id = :batch_id;

-- name: note_refused_rows!
UPDATE batch SET refused_rows = :rows WHERE batch_id = :batch_id;

-- name: redeliver_later!
-- The message waits in a delay tier; after that and some grace the sweeper takes it for lost.
UPDATE batch SET redeliver_at = clock_timestamp() + make_interval(secs => CAST(:wait_s AS float8) + :grace_s)
WHERE batch_id = :batch_id AND state = 'issued';

-- name: close_batch$
-- Done when none of its items is open.
UPDATE batch SET state = 'done', redeliver_at = NULL
WHERE batch_id = :batch_id AND state <> 'done' AND NOT EXISTS (
    SELECT FROM item WHERE item.batch_id = :batch_id AND item.action_state IN ('waiting', 'sending', 'unknown'))
RETURNING batch_id;

-- name: split_off$
-- A part of a refused array becomes a batch of its own, with the writers at once.
INSERT INTO batch (run_id, partner_id, tenant, kind, state, redeliver_at)
SELECT run_id, partner_id, tenant, kind, 'issued', clock_timestamp() + make_interval(secs => :grace_s)
FROM batch WHERE batch_id = :batch_id
RETURNING batch_id;

-- name: move_to_batch!
-- Fenced by the mark that the refusal was about, and by the batch: of two writers that split one, the second moves nothing.
UPDATE item SET batch_id = :batch_id
FROM unnest(CAST(:item_ids AS bigint[]), CAST(:marks AS integer[])) AS m(item_id, mark_no)
WHERE item.item_id = m.item_id AND item.batch_id = :from_batch_id
  AND CASE WHEN item.mark_no = m.mark_no THEN item.action_state = 'waiting' END;

-- name: waits_in_batch$
SELECT EXISTS (SELECT FROM item WHERE batch_id = :batch_id AND action_state = 'waiting');

-- name: move_waiting!
-- What was not in a refused array has nothing to do with the refusal.
UPDATE item SET batch_id = :batch_id WHERE batch_id = :from_batch_id AND action_state = 'waiting';

-- name: lock_due_batches
-- With their invoice, whose trace they go on with.
SELECT b.batch_id, b.run_id, b.partner_id, b.tenant, b.kind, i.invoice_id, i.revision
FROM batch b JOIN run r USING (run_id) JOIN invoice i USING (invoice_pk)
WHERE b.state = 'issued' AND b.redeliver_at <= clock_timestamp()
ORDER BY b.redeliver_at LIMIT 100 FOR UPDATE OF b SKIP LOCKED;

-- name: redeliver_batches!
UPDATE batch SET redeliver_at = clock_timestamp() + make_interval(secs => :grace_s) WHERE batch_id = ANY(:batch_ids);
