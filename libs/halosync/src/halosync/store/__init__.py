"""Postgres: the schema, the pool, and one class for each kind of thing that is kept. SQL lives in `sql/*.sql`."""
