"""Frames between a TAP device in a network namespace and standard input and output, each with its length in front.

usage: tap.py NAMESPACE DEVICE ADDRESS4 ADDRESS6
The device gets the addresses; the process ends when standard input does.
"""
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
LARGEST = 65536

namespace, device, address4, address6 = sys.argv[1:]
with open(f"/var/run/netns/{namespace}") as handle:
    if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TAP | IFF_NO_PI))
for command in (
    f"ip link set {device} address 02:00:00:00:00:02",
    f"ip addr add {address4} dev {device}",
    f"ip -6 addr add {address6} dev {device} nodad",
    f"ip link set {device} up",
    "ip link set lo up",
):
    subprocess.run(command.split(), check=True)

os.set_blocking(0, False)
incoming = bytearray()
outgoing = bytearray()
os.set_blocking(1, False)
os.write(2, b"ready\n")
while True:
    # The device waits while what came from it has not been taken: its queue then drops, as a real one would.
    wanted = [0] + ([tap] if len(outgoing) < 1 << 22 else [])
    readable, writable, _ = select.select(wanted, [1] if outgoing else [], [])
    if 0 in readable:
        chunk = os.read(0, 1 << 20)
        if not chunk:
            break
        incoming += chunk
        at = 0
        while at + 4 <= len(incoming):
            (length,) = struct.unpack_from("<I", incoming, at)
            if at + 4 + length > len(incoming):
                break
            try:
                os.write(tap, bytes(incoming[at + 4 : at + 4 + length]))
            except OSError:
                pass  # damaged on purpose, or no room: lost
            at += 4 + length
        del incoming[:at]
    if tap in readable:
        for _ in range(64):
            try:
                frame = os.read(tap, LARGEST)
            except BlockingIOError:
                break
            outgoing += struct.pack("<I", len(frame)) + frame
    if 1 in writable:
        try:
            del outgoing[: os.write(1, outgoing)]
        except BlockingIOError:
            pass
