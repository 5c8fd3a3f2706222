-- name: readiness_page
-- Partners by id, each with what a month needs: connected, reviewed, every customer matched, and the run that was last.
-- The customers without client are those of the newest plan: of the month's invoice if it has one, else of any.
SELECT p.partner_id, p.name, coalesce(c.state, 'disconnected') AS connection, c.tenant, c.problem,
    NOT p.review_first_sync OR EXISTS (
        SELECT FROM halo_snapshot s
        WHERE s.partner_id = p.partner_id AND halo_of(s.tenant) = halo_of(c.tenant) AND s.reviewed_at IS NOT NULL
    ) AS review_done,
    i.invoice_id, i.revision, i.period, i.currency, i.total,
    r.run_id, r.state AS run_state, r.finished_at, r.failed, r.held,
    coalesce(u.customers, 0) AS unmatched_customers, coalesce(u.amount, 0) AS unmatched_amount,
    coalesce(n.amount, 0) AS not_synchronised, n.open_things, coalesce(n.open_failed, 0) AS open_failed,
    coalesce(n.open_held, 0) AS open_held, standing_closing(p.partner_id, i.period) IS NOT NULL AS is_closed,
    EXISTS (SELECT FROM item undone WHERE undone.run_id = r.run_id AND undone.undone IS NOT NULL) AS is_undone
FROM (SELECT * FROM partner WHERE partner_id > :after ORDER BY partner_id LIMIT :most) AS p
LEFT JOIN connection c USING (partner_id)
LEFT JOIN LATERAL (
    SELECT * FROM invoice n
    WHERE n.partner_id = p.partner_id AND n.superseded_by IS NULL
      AND (CAST(:period AS text) IS NULL OR n.period = :period)
    ORDER BY n.period DESC, n.issued_at DESC, n.invoice_pk DESC LIMIT 1
) AS i ON true
LEFT JOIN LATERAL (
    SELECT run.run_id, run.state, run.finished_at, run.failed, run.held FROM run
    WHERE run.partner_id = p.partner_id AND run.mode = 'apply'
      AND (i.invoice_pk IS NULL OR run.run_id IN (
          SELECT of.run_id FROM invoice_of_run of WHERE of.invoice_pk = i.invoice_pk))
    ORDER BY run.created_at DESC, run.run_id LIMIT 1
) AS r ON true
LEFT JOIN LATERAL (
    SELECT planned.unmatched_customers AS customers, planned.unmatched_amount AS amount FROM run planned
    WHERE planned.partner_id = p.partner_id AND planned.total > 0
    ORDER BY (planned.run_id = r.run_id) IS TRUE DESC, planned.created_at DESC, planned.run_id LIMIT 1
) AS u ON true
LEFT JOIN LATERAL (
    -- As `month_rows` has it, but for what was changed in Halo since: that takes a comparison of everything. Lines are
    -- added up where they are stored; only what is open of the newest plan is looked at item by item.
    SELECT CASE WHEN planned.run_id IS NULL THEN (
        SELECT sum(n.recurring)
        FROM unnest(invoices_that_count(p.partner_id, i.period)) AS c (invoice_pk) JOIN invoice n USING (invoice_pk)
    ) ELSE left_open.amount END AS amount, left_open.open_things, left_open.open_failed, left_open.open_held
    FROM (SELECT i.period WHERE i.period IS NOT NULL) AS month
    LEFT JOIN LATERAL (
        SELECT run.run_id, run.price_field FROM invoice_of_run of JOIN run USING (run_id)
        WHERE of.invoice_pk = i.invoice_pk AND run.mode = 'apply' AND run.total > 0
        ORDER BY run.created_at DESC, run.run_id LIMIT 1
    ) AS planned ON true
    LEFT JOIN LATERAL (
        WITH open AS MATERIALIZED (
            SELECT item.item_id, item.halo_licence_id, item.outcome FROM item
            WHERE item.run_id = planned.run_id AND (
                item.outcome IN ('failed', 'held', 'pending') OR item.outcome = 'skipped' AND item.reason = ANY(:open_skips))
              -- Of a month in which nothing is accepted no key is made up.
              AND (NOT EXISTS (SELECT FROM month_acceptance a WHERE a.partner_id = p.partner_id AND a.period = i.period)
                   OR NOT EXISTS (
                       SELECT FROM month_acceptance a
                       WHERE a.partner_id = p.partner_id AND a.period = i.period AND a.reason = item.reason
                         AND a.item_key = item_key(item.customer_ids, item.product_code, item.halo_licence_id)))
        )
        SELECT coalesce((SELECT sum(line.amount) FROM item_line line
                         WHERE line.run_id = planned.run_id AND line.item_id IN (SELECT item_id FROM open)), 0)
            - coalesce((SELECT sum(licence_amount(licence, planned.price_field))
                        FROM open JOIN halo_licence licence ON licence.partner_id = p.partner_id
                            AND licence.halo_licence_id = open.halo_licence_id), 0) AS amount,
            count(*) AS open_things, count(*) FILTER (WHERE open.outcome = 'failed') AS open_failed,
            count(*) FILTER (WHERE open.outcome = 'held') AS open_held
        FROM open
    ) AS left_open ON planned.run_id IS NOT NULL
) AS n ON true
ORDER BY p.partner_id;
