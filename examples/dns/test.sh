#!/usr/bin/env bash
# Plays a name server to dig, over UDP and TCP: examples/dns/test.sh
. "$(dirname "$0")/../peer.sh"

ask() { dig @127.0.0.1 -p "$port" +timeout=5 +tries=2 "$@"; }

listen listener.json
is "addresses" $'192.0.2.1\n192.0.2.2' "$(ask +short www.example)"
is "who asks" '"127.0.0.1"' "$(ask +short me.example txt)"
is "no such name" "status: NXDOMAIN" "$(ask other.example | grep -o 'status: \w*')"
is "an answer to another question is not taken" $'ID mismatch\nstatus: NXDOMAIN' \
  "$(ask forged.example 2>&1 | grep -o 'ID mismatch\|status: \w*')"
is "dig asks again when a question is lost" '"127.0.0.1"' "$(ask +short +timeout=1 +tries=5 lost.example txt | tail -n 1)"
is "each question met its rule" "address text no-such-name forged lost-at-first text" "$(rules_once 6)"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"

# The same rules, with what TCP needs: a length before each message.
listen <(jq '.protocol = "tcp" | .name = "dns-tcp" | .tcp.framing = {type: "length", size: 2}' listener.json)
is "the same over TCP" $'192.0.2.1\n192.0.2.2' "$(ask +tcp +short www.example)"
is "it met its rule" "address" "$(rules 1)"
is "nothing went wrong over TCP" "" "$(problems)"
