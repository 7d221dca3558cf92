#!/bin/bash
# Other link types: Linux cooked v1 and v2 from all interfaces of a router, raw IP from a tunnel, loopback
. "$(dirname "$0")/lib.sh"
need nginx curl ping dnsmasq dig socat

topology
http_server wan
dns_server wan

traffic() {
  in_ns lan curl -sS --disable --max-time 10 http://10.253.0.2/ -o "$TMP/1"
  in_ns lan ping -q -c 1 fd53::2 >"$TMP/log"
  in_ns lan dig +tries=1 @10.253.0.2 www.example.test >/dev/null
}

capture gw any any-cooked-v2.pcap -y LINUX_SLL2
traffic
captured
keep any-cooked-v2.pcap 'HTTP, ping6, DNS through a router, `-i any`: each packet twice, Linux cooked v2' nginx curl ping dig

capture gw any any-cooked-v1.pcap -y LINUX_SLL
traffic
captured
keep any-cooked-v1.pcap 'the same, Linux cooked v1' nginx curl ping dig

capture wan lo loopback.pcap
in_ns wan curl -sS --disable --max-time 10 http://127.0.0.1/ -o "$TMP/1"
in_ns wan ping -q -c 1 ::1 >"$TMP/log"
captured
keep loopback.pcap 'HTTP and ping6 on the loopback interface: MAC addresses zero, checksums not filled in' nginx curl ping

# socat as a tunnel: IP packets of tun0 travel in UDP datagrams between lan and wan.
tunnel() { # NS OWN-ADDRESS PEER
  background "$1" socat "UDP-DATAGRAM:$3:7000,bind=:7000" "TUN:$2/24,tun-name=tun0,iff-no-pi,up"
  wait_listen "$1" udp 7000
}
tunnel lan 10.251.0.1 10.253.0.2
tunnel wan 10.251.0.2 10.254.0.2
capture lan tun0 raw-ip.pcap
in_ns lan curl -sS --disable --max-time 10 http://10.251.0.2/ -o "$TMP/1"
in_ns lan ping -q -c 1 -W 1 10.251.0.2 >"$TMP/log"
captured
keep raw-ip.pcap 'HTTP and ping in a tunnel (`tun0`, 10.251.0.0/24): packets without a link layer' nginx curl ping socat
