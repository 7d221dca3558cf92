#!/bin/bash
# ping and ping6, and what comes back as errors
. "$(dirname "$0")/lib.sh"
need ping

topology

capture lan eth0 ping.pcap
in_ns lan ping -q -c 3 -i 0.2 10.253.0.2 >"$TMP/log"
in_ns lan ping -q -c 1 10.254.0.1 >"$TMP/log"
in_ns lan ping -q -c 1 -s 0 10.253.0.2 >"$TMP/log"
in_ns lan ping -q -c 1 -R 10.253.0.2 >"$TMP/log"
in_ns lan ping -q -c 1 -t 1 10.253.0.2 >"$TMP/log" || true
in_ns lan ping -q -c 1 -W 1 10.99.0.1 >"$TMP/log" || true
captured
keep ping.pcap 'ping: through the router, to it, empty, with record route, TTL 1, to a network without a route' ping

capture lan eth0 ping-ipv6.pcap
in_ns lan ping -q -c 3 -i 0.2 fd53::2 >"$TMP/log"
in_ns lan ping -q -c 1 fd54::1 >"$TMP/log"
in_ns lan ping -q -c 1 -t 1 fd53::2 >"$TMP/log" || true
in_ns lan ping -q -c 1 -W 1 2001:db8::1 >"$TMP/log" || true
captured
keep ping-ipv6.pcap 'ping over IPv6 with neighbour discovery: through the router, to it, hop limit 1, no route' ping
