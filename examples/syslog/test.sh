#!/usr/bin/env bash
# Takes what logger sends over TCP: examples/syslog/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json

log() { logger --tcp --server 127.0.0.1 --port "$port" --tag shop "$@"; }

log --octet-count --priority user.err -- "disk sda is full"
printf 'größer\n12 is no length here\n' | log --octet-count
log -- "a line of its own"

is "messages are told apart, counted or not" "disk sda is full größer 12 is no length here a line of its own" \
  "$(messages 4 | jq -r '[.items[].text | sub(".*] "; "")] | join(" ")')"
is "facility and severity" "<11>1" "$(messages 1 text=disk | jq -r '.items[0].text[:5]')"

frame=$(call "$listener/messages/$(messages 1 text=disk | jq '.items[0].seq')/payload?raw=true")
is "the count is that of the bytes behind it" "${frame%% *}" "$(printf %s "${frame#* }" | wc -c)"
is "nothing went wrong" "" "$(problems)"
