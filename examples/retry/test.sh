#!/usr/bin/env bash
# Tests a retrying UDP client under loss with bash, curl and jq: examples/retry/test.sh
# Loss is played by hand: the test reads each attempt and answers only the one it chooses.
set -euo pipefail
cd "$(dirname "$0")"

api=${LISTENPOST_URL:-http://127.0.0.1:8080}/v1
token=${LISTENPOST_TOKEN:+"authorization: Bearer $LISTENPOST_TOKEN"}
work=$(mktemp -d)
run=retry-$$-$RANDOM

call() { curl --silent --show-error --fail-with-body --max-time 60 ${token:+-H "$token"} "$@"; }

clean_up() {
  call -X DELETE "$api/listeners?label=run:$run" >/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

fail() { echo "not ok: $*" >&2; exit 1; }

listen() { # name [more JSON fields]
  call --json "{\"protocol\": \"udp\", \"name\": \"$run-$1\", \"labels\": {\"run\": \"$run\"}, \"ttl\": \"10m\" ${2:+, $2}}" \
    "$api/listeners" | jq .address.port
}

ask() { "$work/ask" 127.0.0.1 "$@"; }

# Waits until so many questions are there; fails after 5 s with what came instead.
questions() { # name count
  call "$api/listeners/$run-$1/messages?wait=5s&count=$2&orFail=true&payload=text"
}

"${CC:-cc}" -O1 -Wall -Wextra -o "$work/ask" ask.c

# The first two questions are lost: the third is answered.
port=$(listen third)
ask "$port" hello >"$work/answer" &
third=$(questions third 3 | jq '.items[2].seq')
call --json '{"text": "hi there"}' "$api/listeners/$run-third/messages/$third/reply" >/dev/null
wait $! || fail "the client gave up although its third question was answered"
[ "$(cat "$work/answer")" = "hi there" ] || fail "it printed $(cat "$work/answer")"
echo "ok: it asks again until it is answered"

# Its patience doubles: 50 ms before the second question, 100 ms before the third. Machines are slow, never fast.
questions third 3 | jq -e '.items | (.[2].elapsedNs - .[1].elapsedNs) / 1e6 > 75' >/dev/null ||
  fail "it did not wait longer the second time: $(questions third 3 | jq -c '[.items[].elapsedNs]')"
echo "ok: its patience doubles"

# An answer to the first question ends it: no second one follows.
port=$(listen first '"responder": {"type": "reply", "text": "at once", "times": 1}')
[ "$(ask "$port" hello)" = "at once" ] || fail "the first answer was not taken"
call "$api/listeners/$run-first/messages?direction=in&after=0&wait=150ms&count=2" | jq -e '.matched == 1' >/dev/null ||
  fail "it asked again although it was answered"
echo "ok: it stops when it is answered"

# Nobody answers: it gives up after five questions. A paused listener drops what comes, and counts it.
port=$(listen nobody '"paused": true')
if ask "$port" hello 2>"$work/error"; then fail "it says that it was answered"; fi
grep -q "no answer after 5 attempts" "$work/error" || fail "it said: $(cat "$work/error")"
dropped=$(call "$api/listeners/$run-nobody" | jq .stats.dropped.paused)
[ "$dropped" -eq 5 ] || fail "it asked $dropped times"
echo "ok: it gives up after five questions"
