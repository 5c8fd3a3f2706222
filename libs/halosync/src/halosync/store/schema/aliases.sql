-- What a Halo is, whatever it is called. A tenant is a name of a host; a domain of a partner's own can be a second name,
-- and which Halo that is only the operator knows (halo_alias). Whether two tenants are one Halo is asked by this function
-- and in no other way: where it is about the address alone, the tenants themselves are compared (tests/unit/test_one_halo.py
-- has the list).
CREATE OR REPLACE FUNCTION halo_of(p_tenant text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT a.tenant FROM halo_alias a WHERE a.host = p_tenant), p_tenant)
$$;

-- Every name of the Halo that has this one, so that its rows are found by an index among those of all Halos: to ask halo_of
-- of each of them costs each run as much as there are partners.
CREATE OR REPLACE FUNCTION halo_names(p_tenant text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT name FROM (
        SELECT halo_of(p_tenant) AS name UNION SELECT a.host FROM halo_alias a WHERE a.tenant = halo_of(p_tenant)) AS known
        WHERE halo_of(name) = halo_of(p_tenant))
$$;
