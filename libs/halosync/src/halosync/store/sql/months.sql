-- name: month_version$
-- Which versions of which rows the sums of a month are made of: while it is the same, so are the sums. It is of the rows
-- themselves and not of what is said of them somewhere, so no change can be missed. Lines, and what binds them to items,
-- never change after they were stored with their invoice and their plan, but are purged before the items are: while a run of
-- the partner is being purged there is no version. The runs are those whose items the sums can be made of: of the month,
-- later ones, undos, and the last one that has a plan.
WITH of_month AS (
    SELECT min(r.created_at) AS since
    FROM invoice n JOIN invoice_of_run o USING (invoice_pk) JOIN run r USING (run_id)
    WHERE n.partner_id = :partner_id AND n.period = :period
), looked_at AS MATERIALIZED (
    SELECT r.run_id FROM run r CROSS JOIN of_month
    WHERE r.partner_id = :partner_id AND r.mode IN ('apply', 'undo')
      AND (r.mode = 'undo' OR r.created_at >= of_month.since OR r.run_id = (
          SELECT a.run_id FROM run a WHERE a.partner_id = :partner_id AND a.mode = 'apply' AND a.total > 0
          ORDER BY a.created_at DESC, a.run_id LIMIT 1))
)
SELECT CASE WHEN NOT EXISTS (SELECT FROM purge_left JOIN run USING (run_id) WHERE run.partner_id = :partner_id) THEN CAST(ROW(pg_postmaster_start_time(),
    (SELECT bit_xor(row_version(m.ctid, m.xmin)) FROM migration m),
    (SELECT bit_xor(row_version(p.ctid, p.xmin)) FROM partner p WHERE p.partner_id = :partner_id),
    (SELECT bit_xor(row_version(n.ctid, n.xmin)) FROM invoice n WHERE n.partner_id = :partner_id),
    (SELECT bit_xor(row_version(c.ctid, c.xmin)) FROM month_choice c WHERE c.partner_id = :partner_id),
    (SELECT bit_xor(row_version(a.ctid, a.xmin)) FROM month_acceptance a
     WHERE a.partner_id = :partner_id AND a.period = :period),
    (SELECT bit_xor(row_version(l.ctid, l.xmin)) FROM customer_link l WHERE l.partner_id = :partner_id),
    (SELECT bit_xor(row_version(r.ctid, r.xmin)) FROM run r WHERE r.partner_id = :partner_id),
    (SELECT bit_xor(row_version(f.ctid, f.xmin)) FROM run_further_invoice f JOIN run r USING (run_id)
     WHERE r.partner_id = :partner_id),
    (SELECT bit_xor(row_version(i.ctid, i.xmin)) FROM looked_at CROSS JOIN LATERAL (
        SELECT item.ctid, item.xmin FROM item WHERE item.run_id = looked_at.run_id OFFSET 0) AS i),
    (SELECT bit_xor(row_version(s.ctid, s.xmin)) FROM halo_snapshot s WHERE s.partner_id = :partner_id),
    (SELECT bit_xor(row_version(h.ctid, h.xmin)) FROM halo_licence h WHERE h.partner_id = :partner_id),
    (SELECT bit_xor(row_version(a.ctid, a.xmin)) FROM halo_alias a)) AS text) END;

-- name: month_groups
-- The month summed as far as every page needs: by customer, billing cycle, outcome and reason. `accepted` counts the
-- things that somebody accepted for this very reason; only what has a reason can be accepted.
SELECT m.customer_id, min(m.customer_name) AS customer_name, min(m.halo_client_id) AS halo_client_id,
    min(m.billing_cycle) AS billing_cycle, m.outcome, m.reason,
    count(*) FILTER (WHERE m.counted) AS things,
    count(*) FILTER (WHERE m.counted AND m.reason IS NOT NULL AND EXISTS (
        SELECT FROM month_acceptance a WHERE a.partner_id = :partner_id AND a.period = :period AND a.reason = m.reason
            AND a.item_key = item_key(m.customer_ids, m.product_code, m.halo_licence_id))) AS accepted,
    sum(m.billed) AS billed, sum(m.in_halo) AS in_halo
FROM month_rows(:partner_id, :period) AS m
GROUP BY m.customer_id, m.cycle_key, m.outcome, m.reason
ORDER BY natural_order(min(m.customer_name)) COLLATE "C", m.customer_id, 4, m.outcome, m.reason;

-- name: month_items
-- A page of the rows behind the sums, by customer, thing and billing cycle. Those of one customer are
-- summed alone, which takes a tenth of the time.
SELECT k.item_key, m.customer_id, m.customer_name, m.halo_client_id, m.product_code, m.licence_name, m.halo_licence_id,
    m.run_id, m.item_id, m.outcome, m.reason, m.detail, m.billing_cycle, m.cycle_key,
    coalesce(cardinality(m.customer_ids) > 1, false) AS shared, m.lines, m.billed, m.in_halo,
    a.note, a.accepted_by, a.accepted_at
FROM month_rows(:partner_id, :period, CASE WHEN CAST(:customer_id AS text) IS NOT NULL THEN ARRAY[CAST(:customer_id AS text)] END) AS m
CROSS JOIN LATERAL (SELECT item_key(m.customer_ids, m.product_code, m.halo_licence_id) AS item_key) AS k
LEFT JOIN month_acceptance a ON a.partner_id = :partner_id AND a.period = :period AND a.item_key = k.item_key
    AND a.reason = m.reason
WHERE (CAST(:reason AS text) IS NULL OR m.reason = :reason)
  AND (CAST(:customer_id AS text) IS NULL OR m.customer_id = :customer_id)
  AND (CAST(:only_different AS boolean) IS FALSE OR m.billed <> m.in_halo OR m.reason IS NOT NULL)
  AND (m.customer_id, k.item_key, m.cycle_key) > (:after_customer, :after_key, :after_cycle)
ORDER BY m.customer_id, k.item_key, m.cycle_key LIMIT :most;

-- name: month_item^
-- One thing of a month, and why it differs.
SELECT m.outcome, m.reason FROM month_rows(:partner_id, :period) AS m
WHERE item_key(m.customer_ids, m.product_code, m.halo_licence_id) = :item_key LIMIT 1;

-- name: month_changes^
-- The net effect of all runs of the month on licences: what was made and taken away again is no change.
WITH done AS (
    SELECT coalesce(b.is_now, i.halo_licence_id) AS halo_licence_id, r.created_at, i.seq, i.before_active, i.after_active,
        ROW(i.before_quantity, i.before_price, i.before_billing_cycle, i.before_active) AS before,
        ROW(i.after_quantity, i.after_price, i.after_billing_cycle, i.after_active) AS after
    FROM invoice n JOIN run r USING (invoice_pk) JOIN item i USING (run_id)
    LEFT JOIN newest_restored(:partner_id) AS b ON b.licence_id = i.halo_licence_id
    WHERE n.partner_id = :partner_id AND n.period = :period AND r.mode IN ('apply', 'undo') AND i.outcome = 'synced'
      AND i.action IN ('create', 'update', 'delete') AND i.halo_licence_id IS NOT NULL
), net AS (
    SELECT (array_agg(before ORDER BY created_at, seq))[1] AS before,
        (array_agg(after ORDER BY created_at DESC, seq DESC))[1] AS after,
        (array_agg(coalesce(before_active::text, 'none') ORDER BY created_at, seq))[1] <> 'none' AS was,
        (array_agg(coalesce(after_active::text, 'none') ORDER BY created_at DESC, seq DESC))[1] <> 'none' AS is_there
    FROM done GROUP BY halo_licence_id
)
SELECT count(*) FILTER (WHERE NOT was AND is_there) AS created,
    count(*) FILTER (WHERE was AND is_there AND before IS DISTINCT FROM after) AS updated,
    count(*) FILTER (WHERE was AND NOT is_there) AS deleted
FROM net;

-- name: month_heads
-- The months of a partner that can be shown, newest first: details of none of the invoices that count are gone.
SELECT m.period FROM (
    SELECT i.period FROM invoice i
    WHERE i.partner_id = :partner_id AND i.superseded_by IS NULL AND i.purged_at IS NULL
      AND (CAST(:before AS text) IS NULL OR i.period < :before)
    GROUP BY i.period
) AS m
WHERE NOT EXISTS (SELECT FROM invoice n WHERE n.invoice_pk = ANY (invoices_that_count(:partner_id, m.period))
                  AND n.purged_at IS NOT NULL)
ORDER BY m.period DESC LIMIT :most;

-- name: month_invoices
-- The invoices of a month that nothing supersedes, newest first; `counts`: the month is made of it.
SELECT i.*, p.invoice_pk IS NOT NULL AS counts
FROM invoice i LEFT JOIN month_plans(:partner_id, :period) AS p USING (invoice_pk)
WHERE i.partner_id = :partner_id AND i.period = :period AND i.superseded_by IS NULL
ORDER BY i.issued_at DESC, i.invoice_pk DESC;

-- name: lock_month$
-- One change of a month at a time.
SELECT pg_advisory_xact_lock(hashtextextended(:partner_id || chr(31) || :period, 11));

-- name: month_is_closed$
SELECT standing_closing(:partner_id, :period) IS NOT NULL;

-- name: accept_in_month$
INSERT INTO month_acceptance (partner_id, period, item_key, reason, note, accepted_by, accepted_by_key_id)
VALUES (:partner_id, :period, :item_key, :reason, :note, :accepted_by, :accepted_by_key_id)
ON CONFLICT (partner_id, period, item_key) DO UPDATE SET reason = excluded.reason, note = excluded.note,
    accepted_by = excluded.accepted_by, accepted_by_key_id = excluded.accepted_by_key_id, accepted_at = clock_timestamp()
RETURNING accepted_at;

-- name: accept_together_in_month$
-- Many things of one reason with one note. They have one time, by which they can be taken back together: within the lock
-- of the month no two statements begin at the same time.
INSERT INTO month_acceptance (partner_id, period, item_key, reason, note, accepted_by, accepted_by_key_id, accepted_at)
SELECT :partner_id, :period, wanted.item_key, :reason, :note, :accepted_by, :accepted_by_key_id, statement_timestamp()
FROM unnest(CAST(:item_keys AS text[])) AS wanted (item_key)
ON CONFLICT (partner_id, period, item_key) DO UPDATE SET reason = excluded.reason, note = excluded.note,
    accepted_by = excluded.accepted_by, accepted_by_key_id = excluded.accepted_by_key_id,
    accepted_at = excluded.accepted_at
RETURNING accepted_at;

-- name: withdraw_together!
DELETE FROM month_acceptance
WHERE partner_id = :partner_id AND period = :period AND item_key = ANY (CAST(:item_keys AS text[]));

-- name: withdraw_acceptance$
DELETE FROM month_acceptance WHERE partner_id = :partner_id AND period = :period AND item_key = :item_key
RETURNING item_key;

-- name: month_fingerprint$
-- A digest of the lines that the month is made of: the same lines, the same digest.
SELECT encode(sha256(coalesce(string_agg(sha256(convert_to(CAST(l AS text), 'UTF8')), '' ORDER BY l.invoice_pk, l.line_no),
                              '')), 'hex')
FROM month_plans(:partner_id, :period) AS p JOIN invoice_line l USING (invoice_pk);

-- name: month_runs
-- The runs of a month that applied or undid, oldest first, and who approved what.
SELECT r.run_id, r.mode, r.state, r.requested_by, r.created_at, r.finished_at, r.approve_removals,
    r.approve_review, r.removal, r.price_field,
    (SELECT count(*) FROM run_approved_item a WHERE a.run_id = r.run_id) AS approved_items,
    r.created, r.updated, r.deleted, r.failed, r.held
FROM invoice n JOIN run r USING (invoice_pk)
WHERE n.partner_id = :partner_id AND n.period = :period AND r.mode IN ('apply', 'undo')
ORDER BY r.created_at, r.run_id;

-- name: close_month^
INSERT INTO month_closing (partner_id, period, invoice_pks, closed_by, closed_by_key_id, certificate, number)
VALUES (:partner_id, :period, (SELECT array_agg(p.invoice_pk ORDER BY p.invoice_pk)
                               FROM month_plans(:partner_id, :period) AS p), :closed_by, :closed_by_key_id, :certificate,
        (SELECT count(*) + 1 FROM month_closing WHERE partner_id = :partner_id AND period = :period))
RETURNING number, closed_at;

-- name: month_closings
-- Each time that a month was closed, the last one first; `stands`: the month has not been opened again since.
SELECT c.number, c.closed_at, c.closed_by, c.number IS NOT DISTINCT FROM standing_closing(:partner_id, :period) AS stands
FROM month_closing c WHERE c.partner_id = :partner_id AND c.period = :period ORDER BY c.number DESC;

-- name: certificates_without_details
-- Of months of whose invoices one at least is purged, newest first.
SELECT c.period, c.number, c.closed_at, c.closed_by FROM month_closing c
WHERE c.partner_id = :partner_id
  AND EXISTS (SELECT FROM invoice i WHERE i.invoice_pk = ANY (c.invoice_pks) AND i.purged_at IS NOT NULL)
ORDER BY c.period DESC, c.number DESC LIMIT :most;

-- name: month_closing^
-- How a month was closed, with what was certified: by number, or as it stands.
SELECT c.number, c.closed_at, c.closed_by, c.certificate FROM month_closing c
WHERE c.partner_id = :partner_id AND c.period = :period
  AND c.number = coalesce(CAST(:number AS integer), standing_closing(:partner_id, :period));
