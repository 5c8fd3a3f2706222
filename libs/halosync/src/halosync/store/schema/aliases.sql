-- What a Halo is, whatever it is called. A tenant is a name of a host; a domain of a partner's own can be a second name,
-- and which Halo that is only the operator knows (halo_alias). Whether two tenants are one Halo is asked by this function
-- and in no other way: where it is about the address alone, the tenants themselves are compared (tests/unit/test_one_halo.py
-- has the list).
CREATE OR REPLACE FUNCTION halo_of(p_tenant text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT a.tenant FROM halo_alias a WHERE a.host = p_tenant), p_tenant)
$$;
