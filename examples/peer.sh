# Shared by the tests that play a peer: `. ../peer.sh`, then `listen listener.json`. Wants bash, curl and jq.
# LISTENPOST_URL and LISTENPOST_TOKEN say where the service is.
set -euo pipefail
cd "$(dirname "$0")"

api=${LISTENPOST_URL:-http://127.0.0.1:8080}/v1
token=${LISTENPOST_TOKEN:+"authorization: Bearer $LISTENPOST_TOKEN"}
work=$(mktemp -d)
made=()

call() { curl --silent --show-error --fail-with-body --max-time 60 ${token:+-H "$token"} "$@"; }

clean_up() {
  local path
  for path in "${made[@]}"; do call -X DELETE "$path" >/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT

# Makes the listener of a file, with a name of its own: $listener is its path, $port where it listens. It goes with the script.
listen() {
  local answer
  answer=$(jq --arg run "$$" '.name += "-" + $run' "$1" | call --json @- "$api/listeners") || { echo "$answer" >&2; exit 1; }
  listener=$api/listeners/$(jq -r .id <<<"$answer")
  port=$(jq .address.port <<<"$answer")
  made+=("$listener")
}

# The messages that came in, once there are so many; fails with what is there after 5 s. More arguments are filters.
messages() { # count [filter=value]
  local filters
  filters=$(printf '&%s' "${@:2}")
  call "$listener/messages?direction=in&wait=5s&count=$1&orFail=true&limit=1000$filters"
}

# The rules that decided about all messages, in their order, once there are so many.
rules() { # count
  messages "$1" >/dev/null
  call "$listener/messages?direction=in&limit=1000" | jq -r '[.items[] | .rule // "none"] | join(" ")'
}

# The same, where a client may repeat itself on a slow machine: what stands there several times in a row is one.
rules_once() { rules "$1" | tr ' ' '\n' | uniq | paste -sd ' '; } # count

# The rules that nothing met.
unused() { call "$listener/rules" | jq -r '[.items[] | select(.hits == 0) | .name] | join(" ")'; }

# What went wrong so far: nothing, as it should be.
problems() { call "$listener/messages?kind=problem" | jq -c '.items[] | {code, message}'; }

is() { # what, wanted, got
  if [ "$2" = "$3" ]; then echo "ok: $1"; else
    printf 'not ok: %s\n  wanted: %s\n  got:    %s\n' "$@" >&2
    exit 1
  fi
}
