-- One partner's entries of the audit log; what is NULL narrows nothing. `p_until` is the end of the last day; `p_named` are the
-- acts whose names have the text, `p_period` the month that it names. Postgres writes it into the statement that asks.
CREATE OR REPLACE FUNCTION chosen_audit_entries(
    p_partner_id text, p_acts text[], p_since timestamptz, p_until timestamptz, p_actor text, p_pattern text, p_named text[],
    p_period text
) RETURNS SETOF audit_entry LANGUAGE sql STABLE AS $$
    SELECT * FROM audit_entry e
    WHERE e.partner_id = p_partner_id
      AND (p_acts IS NULL OR e.act = ANY(p_acts))
      AND (p_since IS NULL OR e.at >= p_since)
      AND (p_until IS NULL OR e.at < p_until)
      AND (p_actor IS NULL OR e.actor = p_actor)
      AND (p_pattern IS NULL OR e.act = ANY(p_named) OR e.subject = p_period
           OR concat_ws(chr(10), e.actor, e.subject, CAST(e.detail AS text)) ILIKE p_pattern)
$$;
