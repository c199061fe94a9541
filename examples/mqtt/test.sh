#!/usr/bin/env bash
# Plays an MQTT broker to mosquitto_sub and mosquitto_pub: examples/mqtt/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json

subscribe() { mosquitto_sub -h 127.0.0.1 -p "$port" -t room/temperature -C 1 -W 20 "$@" 2>&1; }
publish() { mosquitto_pub -h 127.0.0.1 -p "$port" -t lamp -m "$@" && echo published; }
long=$(printf %300s on)

is "what was subscribed to comes, 200 bytes long" "room/temperature 200" \
  "$(subscribe -q 1 -F '%t %l')"
is "a client that is not let in" "Connection error: Connection Refused: not authorised." "$(subscribe -i mallory || true)"
is "a publication that wants no answer" published "$(publish on)"
is "one that waits for its acknowledgement" published "$(publish on -q 1)"
is "a long one, whose length takes two bytes" published "$(publish "$long" -q 1)"

is "each packet met its rule" "connect subscribe disconnect connect-refused connect publish-unanswered disconnect \
connect publish disconnect connect publish-long disconnect" "$(rules 13)"
is "the long one is whole" "307" "$(messages 1 rule=publish-long | jq '.items[].size - 4')"
is "no rule is idle, but that of a ping" "ping" "$(unused)"
is "which is tried without a client" "ping $(printf '\xd0\x00' | base64)" \
  "$(call --json '{"messages": [{"hex": "c0 00"}]}' "$listener/rules/test" | jq -r '.items[] | "\(.rule) \(.actions[].base64)"')"
is "nothing went wrong" "" "$(problems)"
