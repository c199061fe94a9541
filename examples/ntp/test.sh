#!/usr/bin/env bash
# Plays a time server to ntplib: examples/ntp/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json

ask() { /usr/bin/python3 ask.py "$port" "$1"; } # Debian's python has Debian's ntplib

is "the clocks agree" "1 uncalibrated local clock 0 s" "$(ask 4)"
is "who speaks version 3 meets a clock that is an hour ahead" "1 uncalibrated local clock 3600 s" "$(ask 3)"
is "the third is told to ask less often" "0 Unidentified reference source 'RATE' 0 s" "$(ask 4)"
is "each question met its rule" "on-time an-hour-ahead kiss-of-death" "$(rules 3)"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
