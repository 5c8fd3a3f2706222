-- name: readiness_page
-- Partners by id, each with what a month needs: connected, reviewed, every customer matched, and the run that was last.
-- The customers without client are those of the newest plan: of the month's invoice if it has one, else of any.
SELECT p.partner_id, p.name, coalesce(c.state, 'disconnected') AS connection, c.tenant, c.problem,
    NOT p.review_first_sync OR EXISTS (
        SELECT FROM halo_snapshot s WHERE s.partner_id = p.partner_id AND s.tenant = c.tenant AND s.reviewed_at IS NOT NULL
    ) AS review_done,
    i.invoice_id, i.revision, i.period, i.currency, i.total,
    r.run_id, r.state AS run_state, r.finished_at, r.failed, r.held,
    coalesce(u.customers, 0) AS unmatched_customers, coalesce(u.amount, 0) AS unmatched_amount,
    coalesce(n.amount, 0) AS not_synchronised,
    EXISTS (SELECT FROM run undo WHERE undo.partner_id = p.partner_id AND undo.undoes = r.run_id AND undo.mode = 'undo'
            AND undo.synced > 0) AS is_undone
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
    SELECT count(DISTINCT l.customer_id) AS customers, sum(round(l.quantity * l.unit_price, 2)) AS amount
    FROM (
        SELECT planned.run_id FROM run planned
        WHERE planned.partner_id = p.partner_id AND planned.total > 0
        ORDER BY (planned.run_id = r.run_id) IS TRUE DESC, planned.created_at DESC, planned.run_id LIMIT 1
    ) AS newest
    JOIN item USING (run_id)
    CROSS JOIN LATERAL unnest(item.line_nos) AS line_no
    JOIN invoice_of_run of ON of.run_id = newest.run_id
    JOIN invoice_line l ON l.invoice_pk = of.invoice_pk AND l.line_no + of.line_offset = line_no.line_no
    WHERE item.outcome = 'skipped' AND item.reason IN ('customer_not_found', 'customer_ambiguous')
      AND l.kind = 'recurring'
) AS u ON true
LEFT JOIN LATERAL (
    -- As `month_rows` has it, but for what was changed in Halo since: that takes a comparison of everything.
    SELECT CASE WHEN planned.run_id IS NULL THEN (
        SELECT sum(round(l.quantity * l.unit_price, 2))
        FROM unnest(invoices_that_count(p.partner_id, i.period)) AS c (invoice_pk) JOIN invoice_line l USING (invoice_pk)
        WHERE l.kind = 'recurring'
    ) ELSE (
        SELECT sum(coalesce(b.amount, 0) - coalesce(h.amount, 0))
        FROM item
        LEFT JOIN LATERAL (
            SELECT sum(round(l.quantity * l.unit_price, 2)) AS amount
            FROM unnest(item.line_nos) AS own (line_no)
            JOIN invoice_of_run of ON of.run_id = planned.run_id
            JOIN invoice_line l ON l.invoice_pk = of.invoice_pk AND l.line_no = own.line_no - of.line_offset
            WHERE l.kind = 'recurring') AS b ON true
        LEFT JOIN LATERAL (
            SELECT licence_amount(licence, planned.price_field) AS amount FROM halo_licence licence
            WHERE licence.partner_id = p.partner_id AND licence.halo_licence_id = item.halo_licence_id) AS h ON true
        WHERE item.run_id = planned.run_id
          AND (item.outcome IN ('failed', 'held', 'pending') OR item.outcome = 'skipped' AND item.reason = ANY(:open_skips))
          AND NOT EXISTS (
              SELECT FROM month_acceptance a
              WHERE a.partner_id = p.partner_id AND a.period = i.period AND a.reason = item.reason
                AND a.item_key = item_key(item.customer_ids, item.product_code, item.halo_licence_id))
    ) END AS amount
    FROM (SELECT i.period WHERE i.period IS NOT NULL) AS month
    LEFT JOIN LATERAL (
        SELECT run.run_id, run.price_field FROM invoice_of_run of JOIN run USING (run_id)
        WHERE of.invoice_pk = i.invoice_pk AND run.mode = 'apply' AND run.total > 0
        ORDER BY run.created_at DESC, run.run_id LIMIT 1
    ) AS planned ON true
) AS n ON true
ORDER BY p.partner_id;
