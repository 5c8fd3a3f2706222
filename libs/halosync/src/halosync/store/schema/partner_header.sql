-- What every page of a partner shows around its own contents; no row: there is no such partner.
CREATE OR REPLACE FUNCTION partner_header(p_partner_id text)
RETURNS TABLE (partner_id text, name text, connection text, tenant text, problem text) LANGUAGE sql STABLE AS $$
    SELECT p.partner_id, p.name, coalesce(c.state, 'disconnected'), c.tenant, c.problem
    FROM partner p LEFT JOIN connection c USING (partner_id) WHERE p.partner_id = p_partner_id
$$;
