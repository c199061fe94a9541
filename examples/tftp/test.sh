#!/usr/bin/env bash
# Plays a file server to curl: examples/tftp/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json
url=tftp://127.0.0.1:$port

curl -s "$url/large.txt" >"$work/got"
is "a file of two blocks" "520 bytes, the end" "$(wc -c <"$work/got") bytes, $(tail -c 8 "$work/got")"
is "a file that is not there" 68 "$(curl -s "$url/other.txt" || echo $?)"
seq 200 >"$work/new"
curl -s --upload-file "$work/new" "$url/new.txt"

is "each datagram met its rule" "read next-block done no-such-file write block" "$(rules_once 7)"
is "what was written is whole" "$(cat "$work/new")" \
  "$(messages 2 rule=block | jq -r '.items[].base64' | while read -r block; do base64 -d <<<"$block" | tail -c +5; done)"
is "the first went to the listener, the next to the port that answered" "true false" \
  "$(messages 2 | jq -r --argjson port "$port" '[.items[:2][].local.port == $port] | join(" ")')"
is "a transfer is answered from one port" 1 \
  "$(call "$listener/messages?limit=4" | jq '[.items[] | select(.direction == "out") | .local.port] | unique | length')"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
