#!/usr/bin/env bash
# Plays a mail server to Python's smtplib: examples/smtp/test.sh
. "$(dirname "$0")/../peer.sh"
listen listener.json

is "one recipient is refused" $'nobody@mail.test: 550\nnobody@mail.test: 550\nall refused: nobody@mail.test' \
  "$(python3 send.py "$port")"
is "each line met its rule" \
  "ehlo mail rcpt unknown-recipient data mail-body mail rcpt unknown-recipient data mail-body \
mail unknown-recipient rset quit" "$(rules 15)"

mails=$(messages 2 rule=mail-body | jq -r '.items[].text')
is "a line that begins with a dot came with two, as RFC 5321 has it" "..second line begins with a dot" "$(grep dot <<<"$mails")"
is "the second mail is whole" "größer" "$(tail -n 1 <<<"$mails")"
is "no rule is idle" "" "$(unused)"
is "nothing went wrong" "" "$(problems)"
