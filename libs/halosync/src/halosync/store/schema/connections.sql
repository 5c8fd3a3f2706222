-- The names by which a Halo is known: its address, and for a partner's own domain also the label that it says it is.
-- Addresses of Halo's own: a label, or a host below one of halosync.domain.tenant.SUFFIXES.
CREATE OR REPLACE FUNCTION names_of_halo(tenant text, halo_tenant text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN halo_tenant IS NULL OR tenant NOT LIKE '%.%'
            OR tenant LIKE ANY (ARRAY['%.haloitsm.com', '%.haloservicedesk.com', '%.usehalo.com', '%.halopsa.com'])
        THEN ARRAY[tenant] ELSE ARRAY[tenant, lower(halo_tenant)] END
$$;
