#!/usr/bin/env bash
# Plays a Redis server to redis-cli: examples/redis/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json

ask() { redis-cli -p "$port" "$@"; }

is "the first command meets a server that is loading" "LOADING the dataset is not in memory yet" "$(ask ping)"
is "the next one is served" "PONG" "$(ask ping)"
is "a captured part is in the answer, its length counted" "name-42" "$(ask get user:42)"
is "bytes come back as they were" 'two
lines, größer' "$(ask echo $'two\nlines, größer')"
is "a value that is not there" "" "$(ask get other)"
is "a list" $'ada\nbob' "$(ask lrange names 0 -1)"
is "one connection, many commands" $'1\n2\n1\nERR unknown command' \
  "$(printf 'incr hits\nincr hits\nincr hits\nflushall\n' | ask | grep .)"

is "each command met its rule" "loading ping get-user echo get list docs incr incr incr none" "$(rules 11)"
is "what no rule matched" '"*1\r\n$8\r\nflushall\r\n"' "$(messages 1 unmatched=true | jq '.items[].text')"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
