"""Puts frames through bridges (and bonds) of the running kernel and reports what comes out, for any number of cases.

Standard input: one JSON case a line,
    {"name", "setup": [shell line...], "ifaces": [NAME...], "steps": [["f", IFACE, HEX] | ["w", SECONDS] | ["r", SHELL]],
     "senders": [NAME...] that steps name, if not those, "ask": SHELL, if anything}
Standard output: one JSON answer a line,
    {"name", "out": [[[IFACE, HEX]...] a step], "fdb": what `bridge -j fdb show br br0` prints, "told": what "ask" printed,
     "error": what failed}

Every case has a network namespace of its own, gone when it is done. Needs root, ip and bridge (iproute2). It runs on
this machine's kernel, and by guest.sh on another one in an emulated machine; hence it is one file without imports of ours.

Sources: packet(7); the kernel's Documentation/networking/bridge.rst; ip-link(8), bridge(8).
"""

import ctypes
import itertools
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER = 16 << 20
LONGEST_FRAME = 70000
AUXDATA_SPACE = socket.CMSG_SPACE(20)
SOFTNET_BACKLOG, SOFTNET_CPU = 11, 12  # columns of softnet_stat, counted from 0
# The machine itself says nothing, and hands no bridged packet to iptables. br_netfilter may not be there.
QUIET = [("ipv6/conf/default/disable_ipv6", 1), ("ipv6/conf/all/disable_ipv6", 1)] + [
    (f"bridge/bridge-nf-call-{tables}tables", 0)
    for tables in ("ip", "ip6", "arp")
    if os.path.exists("/proc/sys/net/bridge")
]


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


def backlog(cpu):
    """Packets that the CPU has yet to process in softirq context."""
    with open("/proc/net/softnet_stat", encoding="ascii") as stat:
        for line in stat:
            fields = line.split()
            if int(fields[SOFTNET_CPU], 16) == cpu:
                return int(fields[SOFTNET_BACKLOG], 16)
    return 0


def settle(cpu):
    for _ in range(1000):
        if backlog(cpu) == 0:
            return
        time.sleep(0)


def collect(receiver, ifaces):
    frames = []
    while True:
        try:
            frame, ancillary, _flags, address = receiver.recvmsg(LONGEST_FRAME, AUXDATA_SPACE)
        except BlockingIOError:
            return frames
        if address[0] in ifaces:
            frames.append([address[0], with_tag(frame, ancillary).hex()])


def shell(line):
    done = subprocess.run(["sh", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{line}: {done.stderr.strip()}")
    return done.stdout


def batch_program(line):
    """Commands of iproute2 in a row are one process: starting them is most of the time in an emulated machine."""
    program = line.split()[0]
    return program if program in ("ip", "bridge") else ""


def run_case(case, cpu):
    answer = {"name": case["name"], "out": []}
    shell("; ".join(f"echo {value} > /proc/sys/net/{path}" for path, value in QUIET))
    for program, lines in itertools.groupby(case["setup"], batch_program):
        lines = list(lines)
        if program:
            shell(f"{program} -batch - <<END\n" + "\n".join(line[len(program) + 1 :] for line in lines) + "\nEND")
        else:
            for line in lines:
                shell(line)
    receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    receiver.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    receiver.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    receiver.setblocking(False)
    waiting = select.poll()
    waiting.register(receiver, select.POLLIN)
    senders = {}
    for name in case.get("senders", case["ifaces"]):
        senders[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        senders[name].bind((name, 0))
    settle(cpu)
    collect(receiver, [])
    for step in case["steps"]:
        if step[0] == "f":
            try:
                senders[step[1]].send(bytes.fromhex(step[2]))
            except OSError as error:
                answer.setdefault("unsent", []).append([len(answer["out"]), error.strerror])
            settle(cpu)
        elif step[0] == "w":
            time.sleep(step[1])
        else:
            shell(step[1])
        answer["out"].append(collect(receiver, case["ifaces"]) if waiting.poll(0) else [])
    if "br0" in case["ifaces"]:
        answer["fdb"] = json.loads(shell("bridge -j fdb show br br0") or "[]")
    if "ask" in case:
        answer["told"] = shell(case["ask"])
    return answer


def main():
    cpu = sorted(os.sched_getaffinity(0))[0]
    os.sched_setaffinity(0, {cpu})
    for line in sys.stdin:
        case = json.loads(line)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
                sys.exit("unshare: not permitted")
            try:
                answer = run_case(case, cpu)
            except (RuntimeError, OSError) as error:
                answer = {"name": case["name"], "error": str(error)}
            sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)


main()
