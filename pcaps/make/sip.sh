#!/bin/bash
# A SIP call with RTP: sipp's scenarios uac_pcap and uas
. "$(dirname "$0")/lib.sh"
need sipp text2pcap xxd

# The media that uac_pcap plays are made here: PACKETS RTP packets of 20 ms, G.711 A-law, a rectangle wave of 400 Hz,
# and one event of RFC 4733 (the key 1).
rtp() { # PAYLOAD-TYPE NUMBER TIMESTAMP MARKER-BIT PAYLOAD-HEX
  printf '80%02x%04x%08x5105ce00%s' $(($1 | $4 << 7)) "$2" "$3" "$5" | xxd -r -p | xxd -g 1 | sed 's/  .*//; s/^0000//; s/://'
}

media() {
  local n tone=''
  for n in $(seq 8); do tone+=$(printf 'd6%.0s' $(seq 10))$(printf '56%.0s' $(seq 10)); done
  mkdir "$TMP/pcap"
  for n in $(seq 1 40); do
    printf '%d.%06d\n' $((n / 50)) $((n % 50 * 20000))
    rtp 8 "$n" $((n * 160)) $((n == 1)) "$tone"
  done >"$TMP/tone.hex"
  for n in 1 2 3 4 5 6; do
    printf '0.%06d\n' $((n * 20000))
    rtp 101 $((n + 40)) 6560 $((n == 1)) "01$([ "$n" -gt 3 ] && echo 8a || echo 0a)$(printf %04x $((n > 4 ? 640 : n * 160)))"
  done >"$TMP/key.hex"
  text2pcap -q -F pcap -t '%s.%f' -u 6000,6000 "$TMP/tone.hex" "$TMP/pcap/g711a.pcap" 2>"$TMP/text2pcap.log"
  text2pcap -q -F pcap -t '%s.%f' -u 6000,6000 "$TMP/key.hex" "$TMP/pcap/dtmf_2833_1.pcap" 2>"$TMP/text2pcap.log"
}

call() { # FILE FROM TO
  capture lan eth0 "$1"
  background wan sipp -sn uas -i "$3" -p 5060 -mp 7000 -rtp_echo -m 1 -nostdin
  wait_listen wan udp 5060
  (cd "$TMP" && timeout --foreground 40 ip netns exec "$NETNS-lan" sipp -sn uac_pcap -s service -i "$2" -mi "$2" -p 5060 -mp 6000 -m 1 \
    -nostdin "$3:5060") >"$TMP/uac.log" 2>&1 || { cat "$TMP/uac.log" >&2; exit 1; }
  captured
}

topology
media
call sip-rtp.pcap 10.254.0.2 10.253.0.2
keep sip-rtp.pcap 'a SIP call: INVITE with SDP, RTP both ways (echoed), a key pressed, BYE' sipp
sleep 1
call sip-rtp-ipv6.pcap '[fd54::2]' '[fd53::2]'
keep sip-rtp-ipv6.pcap 'the same call over IPv6' sipp
