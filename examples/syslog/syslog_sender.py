"""The code under test: a logging handler that sends RFC 5424 over UDP (RFC 5426) or TCP with octet counting (RFC 6587)."""

import logging
import socket
from datetime import datetime, timezone

SEVERITY = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
FACILITY_USER = 1


class SyslogHandler(logging.Handler):
    def __init__(self, host, port, protocol="udp", app="app"):
        super().__init__()
        self.app = app
        kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        self.framed = protocol == "tcp"
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.connect((host, port))

    def emit(self, record):
        payload = self.rfc5424(record).encode()
        if self.framed:
            payload = str(len(payload)).encode() + b" " + payload
        self.socket.sendall(payload)

    def rfc5424(self, record):
        priority = FACILITY_USER * 8 + SEVERITY.get(record.levelno, 5)
        at = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="microseconds")
        at = at.replace("+00:00", "Z")
        return f"<{priority}>1 {at} {socket.gethostname()} {self.app} {record.process} - - \ufeff{record.getMessage()}"

    def close(self):
        self.socket.close()
        super().close()
