#!/usr/bin/env bash
# Plays a language server to vscode-jsonrpc: examples/lsp/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json

is "the editor is served" "connected to example
file:///größe.txt in version 7: unknown word größer
line 1 of file:///größe.txt
line 2 of file:///größe.txt
line 3 of file:///größe.txt
-32601: textDocument/rename is not in this example" "$(node editor.mjs "$port")"

is "each message met its rule" "initialize initialized did-open hover hover hover other-request shutdown exit" "$(rules 9)"
is "an opened text is whole" "grösser" "$(messages 1 rule=did-open | jq -r '.items[].text | fromjson.params.textDocument.text')"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
