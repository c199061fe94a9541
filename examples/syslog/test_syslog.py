"""Tests a syslog sender: `python3 -m unittest discover examples/syslog`."""

import base64
import logging
import re
import unittest

from listenpost import Listener
from syslog_sender import SyslogHandler

RFC5424 = re.compile(
    r"^<(?P<priority>\d{1,3})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)) "
    r"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<pid>[!-~]{1,128}) (?P<id>[!-~]{1,32}) - \ufeff(?P<message>.*)$",
    re.DOTALL,
)


class SyslogTest(unittest.TestCase):
    def logger(self, listener, protocol):
        handler = SyslogHandler(listener.host, listener.port, protocol, app="shop")
        self.addCleanup(handler.close)
        logger = logging.Logger("test")
        logger.addHandler(handler)
        return logger

    def test_udp_is_one_message_a_datagram(self):
        with Listener("udp") as server:
            self.logger(server, "udp").error("disk %s is full", "sda")
            [message] = server.wait(text="disk")
            parsed = RFC5424.match(bytes_of(message).decode())
            self.assertIsNotNone(parsed, message)
            self.assertEqual(parsed["priority"], "11")
            self.assertEqual(parsed["app"], "shop")
            self.assertEqual(parsed["message"], "disk sda is full")

    def test_udp_carries_what_is_not_ascii(self):
        with Listener("udp") as server:
            self.logger(server, "udp").info("größer als 1 MiB")
            server.wait(text="größer")

    def test_tcp_counts_octets_not_characters(self):
        with Listener("tcp") as server:
            logger = self.logger(server, "tcp")
            for text in ["first", "zweite mit ü", "third\nover two lines"]:
                logger.warning(text)
            server.wait(text="two lines")
            frames = octet_counted(b"".join(bytes_of(message) for message in server.messages(direction="in")))
            self.assertEqual([RFC5424.match(frame.decode())["message"] for frame in frames],
                             ["first", "zweite mit ü", "third\nover two lines"])

    def test_a_lost_message_is_missed(self):
        with Listener("udp") as server:
            self.logger(server, "udp").info("one")
            server.wait(text="one")
            with self.assertRaisesRegex(AssertionError, "wanted 1 with .*'two'.*got 0"):
                server.wait(text="two", timeout="50ms")


def bytes_of(message):
    return base64.b64decode(message["base64"])


def octet_counted(stream):
    """The frames of RFC 6587, 3.4.1. TCP has no message boundaries: they may have come in any pieces."""
    frames = []
    while stream:
        length, _, rest = stream.partition(b" ")
        frames.append(rest[: int(length)])
        stream = rest[int(length):]
    return frames


if __name__ == "__main__":
    unittest.main()
