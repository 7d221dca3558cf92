#!/bin/bash
# DNS over UDP and TCP, IPv4 and IPv6, with a truncated answer asked for again over TCP
. "$(dirname "$0")/lib.sh"
need dnsmasq dig

topology
dns_server wan
ask() { in_ns lan dig +tries=1 +time=3 "$@" >/dev/null; }

capture lan eth0 dns.pcap
ask @10.253.0.2 www.example.test A
ask @10.253.0.2 www.example.test AAAA
ask @10.253.0.2 web.example.test A
ask @10.253.0.2 example.test MX
ask @10.253.0.2 long.example.test TXT
ask @10.253.0.2 nothing.example.test A
ask @10.253.0.2 -x 10.253.0.2
ask @fd53::2 www.example.test AAAA
ask @fd53::2 +noedns www.example.test A
in_ns lan dig +tries=1 +time=1 -p 5353 @10.253.0.2 www.example.test >/dev/null || true
captured
keep dns.pcap 'DNS over UDP, IPv4 and IPv6: A, AAAA, CNAME, MX, TXT, PTR, NXDOMAIN; then a closed port' dnsmasq dig

capture lan eth0 dns-tcp.pcap
ask @10.253.0.2 +tcp www.example.test A
ask @10.253.0.2 +noedns +ignore long.example.test TXT
ask @10.253.0.2 +noedns long.example.test TXT
ask @fd53::2 +tcp +keepopen www.example.test AAAA www.example.test A
captured
keep dns-tcp.pcap 'DNS over TCP, IPv4 and IPv6; a truncated UDP answer and its repetition over TCP' dnsmasq dig
