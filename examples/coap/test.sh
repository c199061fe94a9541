#!/usr/bin/env bash
# Plays a sensor to libcoap's coap-client: examples/coap/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json

ask() { coap-client-notls -B 20 "${@:2}" "coap://127.0.0.1:$port/$1"; } # path, flags

is "a value" "21.5" "$(ask temperature)"
is "what is put comes back" "20" "$(ask setpoint -m put -e 20)"
is "not found" "4.04" "$(ask other 2>&1)"
is "an answer that comes later, and a ping meanwhile" "20 21.5" "$(ask history -K 1)"
messages 1 rule=acknowledged >/dev/null
is "each message met its rule" "get-temperature put-setpoint none get-history ping acknowledged" "$(rules_once 6)"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
