"""Writes so many bytes of the block that transfers are made of (transfer.ts, peer.py) to standard output.

By os.write, whose short counts are seen: the buffered writer loses the rest of a block when it is stopped and continued
within it.
"""
import os
import sys

BLOCK = bytes((i * 7 + (i >> 8)) & 0xFF for i in range(1 << 16))

left = int(sys.argv[1])
while left > 0:
    part = memoryview(BLOCK)[: min(left, len(BLOCK))]
    left -= len(part)
    while part:
        part = part[os.write(sys.stdout.fileno(), part) :]
