#!/bin/bash
# FTP: PORT, PASV, EPRT and EPSV over IPv4, EPRT and EPSV over IPv6; list, get and put each
. "$(dirname "$0")/lib.sh"
need vsftpd lftp curl ftp setpriv

readonly V4=10.253.0.2 V6=fd53::2

session() { # FILE, the rest is the client's command
  capture lan eth0 "$1"
  (cd "$TMP" && timeout --foreground 20 ip netns exec "$NETNS-lan" "${@:2}") >"$TMP/client.log" 2>&1 || { cat "$TMP/client.log" >&2; exit 1; }
  captured
  rm -f "$TMP"/ftp/incoming/*
}

with_lftp() { # FILE PASSIVE ADDRESS
  session "$1" env HOME="$TMP" lftp -c "set net:max-retries 1; set ftp:ssl-allow no; set ftp:prefer-epsv no;
    set ftp:passive-mode $2; set xfer:clobber yes; open -u anonymous,guest@example.test ftp://$3;
    ls; get readme.txt; put -O incoming note.txt"
}

with_ftp() { # FILE -A|-p ADDRESS
  printf 'ls\nget readme.txt\ncd incoming\nput note.txt\nquit\n' >"$TMP/commands"
  session "$1" bash -c "FTPANONPASS=guest@example.test tnftp -a $2 $3 <commands"
}

with_curl() { # FILE URL OPTION…
  session "$1" curl -sS --disable "${@:3}" --user anonymous:guest@example.test \
    "$2/" -o list.txt --next -sS "${@:3}" --user anonymous:guest@example.test "$2/readme.txt" -o readme.txt \
    --next -sS "${@:3}" --user anonymous:guest@example.test -T note.txt "$2/incoming/note.txt"
}

topology
text "$TMP/note.txt" 300

ftp_server wan $V4
with_lftp ftp-port.pcap off $V4
keep ftp-port.pcap 'FTP, active, PORT: list, get, put' vsftpd lftp
with_lftp ftp-pasv.pcap on $V4
keep ftp-pasv.pcap 'FTP, passive, PASV: list, get, put' vsftpd lftp
with_curl ftp-eprt.pcap ftp://$V4 --ftp-port - --ftp-create-dirs
keep ftp-eprt.pcap 'FTP, active, EPRT over IPv4: list, get, put' vsftpd curl
with_curl ftp-epsv.pcap ftp://$V4
keep ftp-epsv.pcap 'FTP, passive, EPSV over IPv4: list, get, put' vsftpd curl
for pid in $(ip netns pids "$NETNS-wan"); do kill "$pid"; done

sleep 0.3
ftp_server wan $V6
with_ftp ftp-eprt-ipv6.pcap -A $V6
keep ftp-eprt-ipv6.pcap 'FTP, active, EPRT over IPv6: list, get, put' vsftpd ftp
with_ftp ftp-epsv-ipv6.pcap -p $V6
keep ftp-epsv-ipv6.pcap 'FTP, passive, EPSV over IPv6: list, get, put' vsftpd ftp
