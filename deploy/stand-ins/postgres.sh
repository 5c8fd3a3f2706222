#!/bin/sh
# What the composition uses of PostgreSQL's image: a database and an administrator on an empty volume.
set -eu
if [ "$(id -u)" = 0 ]; then
  mkdir -p /run/postgresql
  chown postgres:postgres /run/postgresql /var/lib/postgresql
  exec setpriv --reuid=postgres --regid=postgres --clear-groups sh "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  initdb --encoding=UTF8 --locale=C.UTF-8 --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  pg_ctl -w start -o "-c listen_addresses=" >/dev/null
  createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl -w stop -m fast >/dev/null
fi
exec "$@" -c listen_addresses='*'
