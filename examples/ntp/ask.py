"""Asks for the time by ntplib: `python3 ask.py PORT VERSION`. Prints the stratum, the server, and how far off we are."""

import sys

import ntplib

port, version = map(int, sys.argv[1:])
answer = ntplib.NTPClient().request("127.0.0.1", version=version, port=port, timeout=5)
print(answer.stratum, ntplib.ref_id_to_text(answer.ref_id, answer.stratum), f"{round(answer.offset)} s")
