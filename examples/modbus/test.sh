#!/usr/bin/env bash
# Plays a Modbus device to mbpoll: examples/modbus/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json

# One request; prints the values, or what was wrong.
ask() { # flags [values to write]
  mbpoll -m tcp -p "$port" -0 -1 -o 5 "$@" 2>&1 | sed -nE 's/^\[[0-9]+\]:\s+//p; s/.*failed: //p; /^Written/p'
}

is "three registers, one of them negative" $'215\n220\n65531 (-5)' "$(ask -a 1 -r 100 -c 3 127.0.0.1)"
is "as many as were asked for" $'7\n7\n7\n7' "$(ask -a 1 -r 7 -c 4 127.0.0.1)"
is "input registers" "7" "$(ask -a 1 -t 3 -r 7 127.0.0.1)"
is "one register is written" "Written 1 references." "$(ask -a 1 -r 1 127.0.0.1 42)"
is "two registers are written" "Written 2 references." "$(ask -a 1 -r 1 127.0.0.1 42 43)"
is "an address that is not there" "Illegal data address" "$(ask -a 1 -r 1000 127.0.0.1)"
is "a busy device" "Slave device or server is busy" "$(ask -a 2 -r 1 127.0.0.1)"
is "a silent device" "Connection timed out" "$(ask -a 3 -o 0.5 -r 1 127.0.0.1)"

is "each request met its rule" \
  "read-temperatures read read write write-many illegal-address unit-is-busy none" "$(rules 8)"
is "the values that were written" "002a002b" \
  "$(messages 1 rule=write-many | jq -r '.items[].base64' | base64 -d | tail -c 4 | od -An -tx1 | tr -d ' ')"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
