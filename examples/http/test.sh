#!/usr/bin/env bash
# Plays an HTTP server to curl, down to the bytes: examples/http/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json
url=http://127.0.0.1:$port

is "three requests, one connection" $'hello, ada 200 1\nhello, bob 200 0\n 404 0' \
  "$(curl -s -w ' %{http_code} %{num_connects}\n' "$url/hello/ada" "$url/hello/bob" "$url/other")"
is "a body comes back" '{"name": "eve"} 201' "$(curl -s -w ' %{http_code}' --json '{"name": "eve"}' "$url/users")"
is "curl asks again after a 503" "better" "$(curl -s --retry 1 "$url/flaky")"
is "curl says that a body was cut short" "not so long 18" "$(curl -s "$url/short"; echo " $?")"

is "each request met its rule" "hello hello none create flaky flaky short" "$(rules 7)"
is "head and body are one message" '{"name": "eve"}' "$(messages 1 rule=create | jq -r '.items[].text | split("\r\n\r\n")[1]')"
is "each run of curl took one connection" 4 "$(call "$listener" | jq .stats.connectionsTotal)"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
