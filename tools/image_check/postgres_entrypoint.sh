# What the official image does when its volume is empty: a passing server makes the database, on the
# socket alone; then it ends, and the one that stays answers by TCP.
set -eu
mkdir -p "$PGDATA" /var/run/postgresql
chown -R postgres "$PGDATA" /var/run/postgresql
as_postgres="setpriv --reuid postgres --regid postgres --init-groups"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
    chown postgres /tmp/password
    $as_postgres initdb --username "$POSTGRES_USER" --pwfile /tmp/password --auth-local trust \
        --auth-host scram-sha-256 --encoding UTF8 --no-sync
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    $as_postgres pg_ctl --wait start --options "-c listen_addresses=''"
    psql --username "$POSTGRES_USER" --dbname postgres --command "CREATE DATABASE \"$POSTGRES_DB\""
    sleep 3 # on a new disk, or with scripts of one's own, it is longer
    $as_postgres pg_ctl --wait --mode fast stop
fi
exec $as_postgres postgres -c 'listen_addresses=*' -c fsync=off
