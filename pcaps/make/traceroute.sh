#!/bin/bash
# traceroute over two routers by UDP, ICMP and TCP, IPv4 and IPv6
. "$(dirname "$0")/lib.sh"
need traceroute

topology
beyond

trace() { in_ns lan traceroute -n -q 2 -w 1 -m 6 -N 4 "$@" >"$TMP/log"; }

capture lan eth0 traceroute-udp.pcap
trace 10.252.0.2
captured
keep traceroute-udp.pcap 'traceroute by UDP over two routers: time exceeded, port unreachable' traceroute

capture lan eth0 traceroute-icmp.pcap
trace -I 10.252.0.2
trace -T -p 80 10.252.0.2
captured
keep traceroute-icmp.pcap 'traceroute by ICMP echo, then by TCP to a closed port' traceroute

capture lan eth0 traceroute-ipv6.pcap
trace -6 fd52::2
trace -6 -I fd52::2
captured
keep traceroute-ipv6.pcap 'traceroute over IPv6 by UDP and by ICMPv6 echo' traceroute
