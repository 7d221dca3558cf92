#!/bin/bash
# Both sides of a masquerading gateway with a port forward, and the kernel's counters, connections and log lines
. "$(dirname "$0")/lib.sh"
need nginx curl dnsmasq dig ping iptables-legacy-restore conntrack lftp vsftpd

topology
in_ns wan ip route del default # the provider knows nothing of 10.254.0.0/24
in_ns gw ip route add default via 10.253.0.2
in_ns gw ip route add default via fd53::2
in_ns gw ip link set eth1 mtu 1492
in_ns wan ip link set eth0 mtu 1492
in_ns wan ip address add 10.254.0.9/32 dev lo # to send with one of the inner network's addresses
http_server wan
dns_server wan
mkdir "$TMP/lan"
(TMP=$TMP/lan && http_server lan)

web() { in_ns "$1" curl -sS --disable --max-time 5 "${@:2}" -o "$TMP/1"; }
refused() { in_ns "$1" curl -s --disable --connect-timeout "${3:-0.5}" "$2" >/dev/null || true; }
ask() { in_ns lan dig +tries=1 +time=1 "$@" >/dev/null || true; }
echoes() { in_ns "$1" ping -q -W 0.5 -i 0.2 "${@:2}" >/dev/null 2>&1 || true; }

ipv4() {
  ask @10.253.0.2 www.example.test A
  ask @10.254.0.1 www.example.test A # the gateway's own address, translated to the provider's resolver
  ask -p 5353 @10.253.0.2 www.example.test A # port unreachable
  web lan http://10.253.0.2/page.html
  echoes lan -c 2 10.253.0.2
  echoes lan -c 1 -s 2000 -M dont 10.253.0.2 # fragments
  echoes lan -c 1 -s 1472 -M do 10.253.0.2 # fragmentation needed
  echoes lan -c 1 -t 1 10.253.0.2 # time exceeded
  echoes lan -c 1 10.254.0.1
  refused lan http://10.253.0.2:25 # reset by the gateway
  refused lan http://10.254.0.1:23 # prohibited by the gateway
  refused lan http://10.253.0.2:81 # reset by the server
  web wan http://10.253.0.1:8080/
  refused wan http://10.253.0.1:23 1.5 # logged and dropped, sent again after a second
  echoes wan -c 1 10.253.0.1
  echoes wan -c 1 -I 10.254.0.9 10.253.0.1 # cannot come from outside
}

ipv6() {
  web lan 'http://[fd53::2]/'
  ask @fd53::2 www.example.test AAAA
  echoes lan -c 2 fd53::2
  echoes lan -c 2 -s 1450 fd53::2 # packet too big, then fragments
  echoes lan -c 1 -t 1 fd53::2
  refused lan 'http://[fd53::2]:25'
  refused lan 'http://[fd54::1]:23'
  web wan 'http://[fd54::2]/'
  refused wan 'http://[fd54::2]:81' 0.5
  echoes wan -c 1 fd54::2
}

both_sides() { # NAME
  capture gw eth0 "$1-lan.pcap"
  capture gw eth1 "$1-wan.pcap"
}

# The frames that reached the gateway, without those that it sent.
arriving() { # NAME
  tcpdump -r "$TMP/$1-lan.pcap" -w "$TMP/$1-lan-in.pcap" 'not ether src 02:00:00:00:00:01' 2>/dev/null
  tcpdump -r "$TMP/$1-wan.pcap" -w "$TMP/$1-wan-in.pcap" 'not ether src 02:00:00:00:00:02' 2>/dev/null
}

rules gw "$EXAMPLES/nat-gateway/firewall.rules" "$EXAMPLES/nat-gateway/firewall6.rules"
both_sides nat
ipv4
ipv6
captured
kernel_says gw nat 'refused: ' 6
arriving nat
programs=(nginx curl dnsmasq dig ping)
keep nat-lan.pcap 'inner side (eth0) of a gateway with `examples/nat-gateway`: masquerading, port forward, errors, refusals, IPv6' "${programs[@]}"
keep nat-wan.pcap 'outer side (eth1) of the same traffic' "${programs[@]}"
keep nat-lan-in.pcap '`nat-lan.pcap` without the frames that the gateway sent, for `--in eth0=…`' "${programs[@]}"
keep nat-wan-in.pcap '`nat-wan.pcap` without the frames that the gateway sent, for `--in eth1=…`' "${programs[@]}"
keep nat.iptables-save 'the counters that the kernel had afterwards (`iptables-save -c`)' iptables-legacy-restore
keep nat.ip6tables-save 'the same for IPv6' iptables-legacy-restore
keep nat.conntrack 'the connections that the kernel had afterwards (`conntrack -L -o extended`)' conntrack
keep nat.log 'the LOG lines that the kernel wrote' iptables-legacy-restore

# FTP through the same gateway, with the kernel's helper. The client's address is longer than the gateway's, so that
# the PORT command shrinks and sequence numbers move.
in_ns lan ip address add 10.254.0.122/24 dev eth0
in_ns gw iptables-legacy -t raw -A PREROUTING -i eth0 -p tcp -m tcp --dport 21 -j CT --helper ftp
in_ns gw conntrack -F 2>/dev/null
ftp_server wan 10.253.0.2
text "$TMP/note.txt" 300
fetch() { # PASSIVE
  (cd "$TMP" && ip netns exec "$NETNS-lan" env HOME="$TMP" lftp -c "set net:max-retries 1; set ftp:ssl-allow no;
    set ftp:prefer-epsv no; set net:socket-bind-ipv4 10.254.0.122; set ftp:passive-mode $1; set xfer:clobber yes;
    open -u anonymous,guest@example.test ftp://10.253.0.2; ls; get readme.txt; put -O incoming note.txt") >"$TMP/client.log" 2>&1 || { cat "$TMP/client.log" >&2; exit 1; }
  rm -f "$TMP/ftp/incoming/note.txt"
}
both_sides nat-ftp
fetch off
fetch on
captured
in_ns gw conntrack -L -o extended 2>/dev/null >"$TMP/nat-ftp.conntrack"
arriving nat-ftp
keep nat-ftp-lan.pcap 'FTP through the gateway with `-t raw -A PREROUTING -i eth0 -p tcp -m tcp --dport 21 -j CT --helper ftp` added: PORT, then PASV; inner side' vsftpd lftp
keep nat-ftp-wan.pcap 'outer side of the same: the PORT commands translated, sequence numbers moved' vsftpd lftp
keep nat-ftp-lan-in.pcap '`nat-ftp-lan.pcap` without the frames that the gateway sent' vsftpd lftp
keep nat-ftp-wan-in.pcap '`nat-ftp-wan.pcap` without the frames that the gateway sent' vsftpd lftp
keep nat-ftp.conntrack 'the connections that the kernel had afterwards' conntrack
