#!/usr/bin/env bash
# Plays memcached to the tools of libmemcached: examples/memcached/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json
export MEMCACHED_SERVERS=127.0.0.1:$port

printf hello! >"$work/greeting"
printf 1234 >"$work/big"

is "the server answers" "0" "$(memcping; echo $?)"
is "nothing is there at first" "missing" "$(memccat greeting || echo missing)"
memccp "$work/greeting"
is "what was stored is there for another connection" "hello!" "$(memccat greeting)"
is "the server refuses what is too large" "Error occurred during memcached_set('big'): ITEM TOO BIG" \
  "$(memccp "$work/big" 2>&1 || true)"
memcrm greeting
is "what was deleted is gone" "missing" "$(memccat greeting || echo missing)"

is "each command met its rule" "version quit miss quit set quit hit quit too-large quit delete quit miss quit" "$(rules 14)"
is "line and body are one message" '"set greeting 0 0 6\r\nhello!\r\n"' "$(messages 1 rule=set | jq '.items[].text')"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
