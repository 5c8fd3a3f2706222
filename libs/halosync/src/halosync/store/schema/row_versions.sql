-- Whether rows are still the versions that they were. Postgres never changes a version of a row: it writes another one, at
-- another place or by another transaction. So the same digests mean the same rows, as far as 64 bits tell.

CREATE OR REPLACE FUNCTION row_version(place tid, writer xid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtidextended(place, CAST(CAST(writer AS text) AS bigint))
$$;
