#!/usr/bin/env bash
# Plays a PostgreSQL server to psql: examples/postgresql/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json
export PGCONNECT_TIMEOUT=10 PGSSLMODE=prefer PGGSSENCMODE=disable

ask() { # user password flags
  PGPASSWORD=$2 psql --host 127.0.0.1 --port "$port" --username "$1" --dbname shop \
    --no-psqlrc --tuples-only --no-align --pset null=null "${@:3}" 2>&1 | sed 's/^psql: .* failed: //'
}

is "two rows, one of them null" $'ada\nnull' "$(ask ada secret -c 'select name from users')"
is "a text from the query, its length counted" "größer" "$(ask ada secret -c "select 'größer'")"
is "two queries, one connection" $'ERROR:  not in this example\nada\nnull' \
  "$(ask ada secret -c 'drop table users' -c 'select name from users' || true)"
is "a wrong password" "FATAL:  password authentication failed" "$(ask ada wrong || true)"
is "a user who may not log in" 'FATAL:  role "mallory" is not permitted to log in' "$(ask mallory any || true)"
is "a client that wants TLS" "server does not support SSL, but SSL was required" "$(PGSSLMODE=require ask ada secret || true)"

is "each message met its rule" "ssl-request startup password select-users terminate \
ssl-request startup password select-text terminate \
ssl-request startup password other-query select-users terminate \
ssl-request startup wrong-password ssl-request startup-of-mallory ssl-request" "$(rules 22)"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
