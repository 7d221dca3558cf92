#!/bin/bash
# TFTP: a read, a write, a missing file
. "$(dirname "$0")/lib.sh"
need in.tftpd tftp

topology
mkdir -m 777 "$TMP/tftp"
text "$TMP/tftp/readme.txt" 1200
text "$TMP/note.txt" 700
background wan in.tftpd --foreground --user root --create --permissive --address 0.0.0.0:69 --secure "$TMP/tftp"
wait_listen wan udp 69
transfer() { (cd "$TMP" && in_ns lan tftp -m octet 10.253.0.2 -c "$@") >"$TMP/log" 2>&1; }

capture lan eth0 tftp.pcap
transfer get readme.txt
transfer put note.txt
transfer get missing.txt || true
captured
keep tftp.pcap 'TFTP: read, write, a missing file; data on ports of their own' in.tftpd tftp
