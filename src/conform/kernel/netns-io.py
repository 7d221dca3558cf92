"""Pushes frames into one end of veth pairs and reports what comes back out of the other ends.

Runs inside the peer namespace (`ip netns exec PEER python3 netns-io.py [--log] IFACE...`), where every interface is
the far end of one of the gateway's. It knows nothing about packets beyond Ethernet and VLAN tags: filtering and
comparing are done by its caller.

Standard input, one command a line:
    f IFACE HEX   send this frame; answered by one JSON line {"out": [[IFACE, HEX]...], "at": SECONDS of the monotonic
                  clock when it was sent} and, where there is any,
                  "late": frames that were waiting before this one was sent, made by the gateway's own timers,
                  "log": kernel log lines written meanwhile, "error": why the frame could not be sent
    w SECONDS     let real time pass; answered likewise, everything that came out is "late"
    .             flush the answers

Forwarding over veth happens in softirq context inside send(), so output is there when send() returns. Only when
the kernel has put softirq work off to its ksoftirqd thread is it not; the process therefore stays on one CPU and
waits until that CPU's packet backlog (/proc/net/softnet_stat) is empty before it collects.

Sources: packet(7); the kernel's Documentation/ABI/testing/dev-kmsg.
"""

import fcntl
import json
import os
import select
import socket
import struct
import sys
import time

ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER = 16 << 20  # bytes; one frame may cause many
LONGEST_FRAME = 70000  # bytes, above veth's largest MTU of 65535
AUXDATA_SPACE = socket.CMSG_SPACE(20)
SOFTNET_BACKLOG, SOFTNET_CPU = 11, 12  # columns of softnet_stat, counted from 0
PAUSE = 50e-6  # seconds; asking without one would take from ksoftirqd the time that it needs
PATIENCE = 20  # seconds; rules can send a frame round in the kernel for ever
ENDLESS = 3  # exit status then
LOG_LOCK = "/run/sluice-kernel-log.lock"


def open_receiver():
    """One socket for all interfaces, so that frames keep the order in which they came out."""
    receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    receiver.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    receiver.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    receiver.setblocking(False)
    return receiver


def open_sender(iface):
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sender.bind((iface, 0))
    return sender


def with_tag(frame, ancillary):
    """Puts back the VLAN tag that the kernel hands over beside the frame."""
    for level, kind, data in ancillary:
        if level != SOL_PACKET or kind != PACKET_AUXDATA:
            continue
        status, _len, _snaplen, _mac, _net, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
        if status & TP_STATUS_VLAN_VALID:
            if not status & TP_STATUS_VLAN_TPID_VALID:
                tpid = 0x8100
            return frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return frame


def collect(receiver):
    frames = []
    while True:
        try:
            frame, ancillary, _flags, address = receiver.recvmsg(LONGEST_FRAME, AUXDATA_SPACE)
        except BlockingIOError:
            return frames
        frames.append([address[0], with_tag(frame, ancillary).hex()])


class Backlog:
    """The packets that this process's CPU has yet to process in softirq context."""

    def __init__(self):
        cpus = sorted(os.sched_getaffinity(0))
        self.cpu = cpus[os.getpid() % len(cpus)]
        os.sched_setaffinity(0, {self.cpu})
        self.stat = os.open("/proc/net/softnet_stat", os.O_RDONLY)

    def wait_until_empty(self):
        end = time.monotonic() + PATIENCE
        while self._length() > 0:
            if time.monotonic() > end:
                sys.exit(ENDLESS)
            time.sleep(PAUSE)

    def _length(self):
        for line in os.pread(self.stat, 65536, 0).splitlines():
            fields = line.split()
            if int(fields[SOFTNET_CPU], 16) == self.cpu:
                return int(fields[SOFTNET_BACKLOG], 16)
        return 0


class NoLog:
    def collect(self):
        return []


class KernelLog:
    """The kernel log from now on. Its lines don't say which namespace they are from, so one run has it at a time."""

    def __init__(self):
        self.lock = os.open(LOG_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def collect(self):
        lines = []
        while True:
            try:
                record = os.read(self.fd, 8192)
            except BlockingIOError:
                return lines
            text = record.split(b";", 1)[1].split(b"\n", 1)[0]
            lines.append(text.decode("utf-8", "replace"))


def main(arguments):
    log = KernelLog() if arguments[:1] == ["--log"] else NoLog()
    ifaces = [name for name in arguments if name != "--log"]
    receiver = open_receiver()
    waiting = select.poll()
    waiting.register(receiver, select.POLLIN)
    backlog = Backlog()
    senders = {name: open_sender(name) for name in ifaces}

    for line in sys.stdin:
        command = line.split()
        answer = {"out": []}
        late = collect(receiver) if waiting.poll(0) else []
        if command[0] == "f":
            answer["at"] = round(time.monotonic(), 6)
            try:
                senders[command[1]].send(bytes.fromhex(command[2]) if len(command) > 2 else b"")
                backlog.wait_until_empty()
                answer["out"] = collect(receiver)
            except OSError as error:
                answer["error"] = error.strerror
        elif command[0] == "w":
            time.sleep(float(command[1]))
            late += collect(receiver)
        else:
            sys.stdout.flush()
            continue
        if late:
            answer["late"] = late
        lines = log.collect()
        if lines:
            answer["log"] = lines
        sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")


main(sys.argv[1:])
