#!/bin/bash
# On a host that serves and asks, checksums and segmentation left to the network card, and what its kernel counted
. "$(dirname "$0")/lib.sh"
need nginx curl dnsmasq dig ping traceroute iptables-legacy-restore conntrack

topology
offload lan eth0
http_server lan
dns_server wan
mkdir "$TMP/wan"
(TMP=$TMP/wan && http_server wan)
background lan dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --log-facility=- \
  --no-resolv --no-hosts --server=10.253.0.2
wait_listen lan udp 53

web() { in_ns "$1" curl -sS --disable --max-time 5 "${@:2}" -o "$TMP/1"; }
ask() { in_ns "$1" dig +tries=1 +time=2 "${@:2}" >/dev/null; }

rules lan "$EXAMPLES/host-firewall/host.rules"
capture lan eth0 host.pcap
web wan http://10.254.0.2/
web wan http://10.254.0.2/page.html
web lan http://10.253.0.2/page.html
ask wan @10.254.0.2 www.example.test A # the host asks the next server
ask wan @10.254.0.2 www.example.test A # and knows it now
ask wan @10.254.0.2 +tcp www.example.test AAAA
ask lan @10.253.0.2 www.example.test A
ask lan @10.253.0.2 +tcp long.example.test TXT
in_ns wan ping -q -c 2 -i 0.2 10.254.0.2 >/dev/null
in_ns lan ping -q -c 2 -i 0.2 10.253.0.2 >/dev/null
in_ns wan traceroute -n -q 1 -N 1 -w 1 10.254.0.2 >/dev/null
in_ns wan curl -s --disable --connect-timeout 1.5 http://10.254.0.2:22 >/dev/null || true # dropped, twice
in_ns gw curl -s --disable --connect-timeout 1 http://10.254.0.2:22 >/dev/null || true # let in, nothing listens
captured
kernel_says lan host 'host refused: '
keep host.pcap 'on a server with `examples/host-firewall`: HTTP, DNS, ping in and out, refusals; checksums of what it sends not filled in, segments larger than the MTU' nginx curl dnsmasq dig ping traceroute
keep host.iptables-save 'the counters that its kernel had afterwards (`iptables-save -c`)' iptables-legacy-restore
keep host.conntrack 'the connections that its kernel had afterwards (`conntrack -L -o extended`)' conntrack
keep host.log 'the LOG lines that its kernel wrote' iptables-legacy-restore
