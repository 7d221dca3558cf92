"""The kernel's side of a transfer, in a namespace: a TCP server whose connections begin with a line.

    sink              everything up to the FIN is hashed; answers "<bytes> <sha256>" and closes
    source <bytes> [algorithm]
                      sends that many bytes of a repeated block and closes, under that congestion control
    echo              sends everything back, and closes after the FIN
"""
import hashlib
import socket
import sys
import threading

TCP_CONGESTION = 13
BLOCK = bytes((i * 7 + (i >> 8)) & 0xFF for i in range(1 << 16))


def serve(connection):
    with connection:
        stream = connection.makefile("rb")
        words = stream.readline().split()
        if words[0] == b"sink":
            digest, count = hashlib.sha256(), 0
            while chunk := stream.read1(1 << 18):
                digest.update(chunk)
                count += len(chunk)
            connection.sendall(f"{count} {digest.hexdigest()}\n".encode())
        elif words[0] == b"source":
            left = int(words[1])
            if len(words) > 2:
                connection.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, words[2])
            while left > 0:
                piece = BLOCK[: min(left, len(BLOCK))]
                connection.sendall(piece)
                left -= len(piece)
        else:
            while chunk := stream.read1(1 << 18):
                connection.sendall(chunk)


server = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
