#!/bin/bash
# Fragments over IPv4 and IPv6, path MTU discovery
. "$(dirname "$0")/lib.sh"
need ping socat

topology
background wan socat -u UDP6-RECV:9000 OPEN:/dev/null
wait_listen wan udp 9000
text "$TMP/datagram" 4500

# One datagram a line would be sent: the block size makes the whole file one datagram.
datagram() { in_ns lan socat -b 8192 -u "OPEN:$TMP/datagram" "UDP-SENDTO:$1:9000"; }

capture lan eth0 fragments.pcap
in_ns lan ping -q -c 2 -i 0.2 -s 4000 10.253.0.2 >"$TMP/log"
datagram 10.253.0.2
captured
keep fragments.pcap 'IPv4 fragments: ping of 4000 bytes, UDP datagram of 4500 bytes' ping socat

capture lan eth0 fragments-ipv6.pcap
in_ns lan ping -q -c 2 -i 0.2 -s 4000 fd53::2 >"$TMP/log"
datagram '[fd53::2]'
captured
keep fragments-ipv6.pcap 'IPv6 fragments: ping of 4000 bytes, UDP datagram of 4500 bytes' ping socat

in_ns gw ip link set eth1 mtu 1400
in_ns wan ip link set eth0 mtu 1400
capture lan eth0 path-mtu.pcap
in_ns lan ping -q -c 2 -i 0.2 -W 1 -M do -s 1400 10.253.0.2 >"$TMP/log" 2>&1 || true
in_ns lan ping -q -c 2 -i 0.2 -M dont -s 1400 10.253.0.2 >"$TMP/log"
in_ns lan ping -q -c 2 -i 0.2 -W 1 -s 1400 fd53::2 >"$TMP/log" || true
captured
keep path-mtu.pcap 'a smaller MTU behind the router: fragmentation needed, packet too big' ping
