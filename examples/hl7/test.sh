#!/usr/bin/env bash
# Plays a laboratory to mllp_send of python-hl7: examples/hl7/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json

is "each message is acknowledged as it deserves" $'MSA|AA|M-1\nMSA|AE|M-2|no name\nMSA|AR|M-3' \
  "$(mllp_send --port "$port" --loose --file admissions.hl7 127.0.0.1 | tr '\r' '\n' | grep MSA)"

is "each met its rule" "admission admission-without-a-name not-for-us" "$(rules 3)"
is "segments end as HL7 has it" '"PID|1||4711||Müller^Eva"' \
  "$(messages 1 rule=not-for-us | jq '.items[].text | split("\r")[1]')"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
