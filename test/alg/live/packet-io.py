"""Carries Ethernet frames between interfaces and a program: from packet sockets to standard output, from standard input
to packet sockets. Runs in the namespace of the interfaces (`python3 packet-io.py IFACE...`), until its input ends.

Each frame, both ways: one byte for the interface (its place among the arguments), two for the length, the frame.

Source: packet(7).
"""

import os
import select
import socket
import struct
import sys

ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER = 16 << 20  # bytes: the program may be paused for a while
LONGEST_FRAME = 65536
AT_ONCE = 64  # frames of one interface, before the others have their turn


def open_socket(iface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    sock.bind((iface, 0))
    sock.setblocking(False)
    return sock


def receive(sock, number, out):
    for _ in range(AT_ONCE):
        try:
            frame = sock.recv(LONGEST_FRAME)
        except BlockingIOError:
            break
        out.write(struct.pack("!BH", number, len(frame)) + frame)
    out.flush()


def send_all(sockets, pending):
    at = 0
    while len(pending) - at >= 3:
        number, length = struct.unpack_from("!BH", pending, at)
        if len(pending) - at - 3 < length:
            break
        sockets[number].setblocking(True)
        sockets[number].send(pending[at + 3 : at + 3 + length])
        sockets[number].setblocking(False)
        at += 3 + length
    return pending[at:]


def main(ifaces):
    sockets = [open_socket(iface) for iface in ifaces]
    numbers = {sock.fileno(): number for number, sock in enumerate(sockets)}
    source, out = sys.stdin.fileno(), sys.stdout.buffer
    waiting = select.poll()
    for fd in [source, *numbers]:
        waiting.register(fd, select.POLLIN)
    out.write(b"\xff\0\0")  # ready
    out.flush()
    pending = b""
    while True:
        for fd, _events in waiting.poll():
            if fd != source:
                receive(sockets[numbers[fd]], numbers[fd], out)
                continue
            received = os.read(source, 1 << 16)
            if not received:
                return
            pending = send_all(sockets, pending + received)


main(sys.argv[1:])
