#!/bin/bash
# HTTP over IPv4 and IPv6, cut by the snap length, gzip'd, and in pcapng from two interfaces
. "$(dirname "$0")/lib.sh"
need nginx curl dumpcap gzip

topology
http_server wan

browse() { # BASE: three requests on one connection, a POST and a miss on two more
  in_ns lan curl -sS --disable --max-time 10 "$1/" "$1/page.html" "$1/" -o "$TMP/1" -o "$TMP/2" -o "$TMP/3"
  in_ns lan curl -sS --disable --max-time 10 -d 'name=sluice&colour=blue' "$1/form" -o "$TMP/1"
  in_ns lan curl -sS --disable --max-time 10 "$1/nothing-here" -o "$TMP/1"
}

capture lan eth0 http.pcap
browse http://10.253.0.2
captured
keep http.pcap 'HTTP: three requests kept alive, a POST, a 404' nginx curl

capture lan eth0 http-ipv6.pcap --time-stamp-precision=nano
browse 'http://[fd53::2]'
captured
keep http-ipv6.pcap 'HTTP over IPv6; time stamps in nanoseconds' nginx curl

capture lan eth0 http-snaplen-96.pcap -s 96
browse http://10.253.0.2
captured
keep http-snaplen-96.pcap 'HTTP, every frame cut after 96 bytes (`-s 96`)' nginx curl

capture wan eth0 http-download.pcap
in_ns lan curl -sS --disable --max-time 10 http://10.253.0.2/page.html http://10.253.0.2/page.html -o "$TMP/1" -o "$TMP/2"
captured
gzip -9n "$TMP/http-download.pcap"
keep http-download.pcap.gz 'HTTP on the server, gzip-compressed capture' nginx curl

ip netns exec "$NETNS-gw" dumpcap -q -i eth0 -i eth1 -f "$NO_MLD" -w "$TMP/http-two-interfaces.pcapng" 2>"$TMP/dumpcap.err" &
sniffing $! '^File:' "$TMP/dumpcap.err"
browse http://10.253.0.2
in_ns lan curl -sS --disable --max-time 10 'http://[fd53::2]/' -o "$TMP/1"
captured 1.5
keep http-two-interfaces.pcapng 'HTTP through a router, both of its interfaces in one pcapng' nginx curl dumpcap
