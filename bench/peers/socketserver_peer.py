"""Python's socketserver.UDPServer: `count` counts what comes, `echo` sends it back.

socketserver_peer.py count COUNT BUFFER | socketserver_peer.py echo
Prints "port N"; count then prints JSON {"received", "ms", "cpuUs"} after COUNT datagrams or one silent second.
"""
import json
import resource
import socket
import socketserver
import sys
import time

mode = sys.argv[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 0
received = 0
first = last = 0.0


class Count(socketserver.BaseRequestHandler):
    def handle(self):
        global received, first, last
        received += 1
        last = time.monotonic()
        first = first or last


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data, self.client_address)


server = socketserver.UDPServer(("127.0.0.1", 0), Count if mode == "count" else Echo)
server.max_packet_size = 65535
if len(sys.argv) > 3:
    SO_RCVBUFFORCE = 33
    for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
        try:
            server.socket.setsockopt(socket.SOL_SOCKET, option, int(sys.argv[3]))
            break
        except OSError:
            pass
print("port", server.server_address[1], flush=True)
if mode == "echo":
    server.serve_forever()
server.timeout = 0.1
while received < count and (first == 0 or time.monotonic() - last < 1):
    server.handle_request()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"received": received, "ms": (last - first) * 1e3, "cpuUs": round((used.ru_utime + used.ru_stime) * 1e6)}))
