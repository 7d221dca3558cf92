"""Writes so many bytes of the block that transfers are made of (transfer.ts, peer.py) to standard output."""
import sys

BLOCK = bytes((i * 7 + (i >> 8)) & 0xFF for i in range(1 << 16))

left = int(sys.argv[1])
while left > 0:
    sys.stdout.buffer.write(BLOCK[: min(left, len(BLOCK))])
    left -= len(BLOCK)
