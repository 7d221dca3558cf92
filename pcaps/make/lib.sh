# Shared by the recipes (sourced, not run): namespaces, programs in the background, captures, rows of README.md.
#
#   lan 10.254.0.2 ── eth0 gw eth1 ── eth0 wan 10.253.0.2        and with `beyond`:
#       fd54::2   .1 ::1      .1 ::1      fd53::2                wan eth1 10.252.0.1 ── eth0 far 10.252.0.2, fd52::2
#
# MAC addresses: gw 02:00:00:00:00:01 (eth0) and :02 (eth1), lan 02:00:00:00:01:01, wan 02:00:00:00:02:01.
# Interfaces do their checksums and segmentation in software, so that frames are as on a wire; `offload NS` turns this
# back to the kernel's default. Left out of every capture are multicast listener reports (they carry a hop-by-hop
# header, nothing else here does), since the kernel sends them on a schedule of its own.

set -euo pipefail
PCAPS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
RECIPE=$(basename "$0" .sh)
NETNS=sluice-pcap-$$ # prefix of our namespaces; carries the process id so that two runs do not meet
TMP=$(mktemp -d)
chmod 755 "$TMP"
LOG_ALL_NETNS= # what the switch said before `rules` turned it on
NO_MLD='not (ip6 and ip6[6] = 0)'

declare -A DEBIAN_PACKAGE=(
  [ip]=iproute2 [ethtool]=ethtool [tcpdump]=tcpdump [capinfos]=wireshark-common [editcap]=wireshark-common
  [text2pcap]=wireshark-common [dumpcap]=wireshark-common [vsftpd]=vsftpd [lftp]=lftp [ftp]=ftp [curl]=curl
  [nginx]=nginx-light [dnsmasq]=dnsmasq-base [dig]=bind9-dnsutils [ping]=iputils-ping [traceroute]=traceroute
  [sipp]=sip-tester [in.tftpd]=tftpd-hpa [tftp]=tftp-hpa [socat]=socat [iptables-legacy-restore]=iptables
  [xxd]=xxd [conntrack]=conntrack [ss]=iproute2 [setpriv]=util-linux
)

# need PROGRAM…: ends with the command that installs what is missing.
need() {
  local program missing=()
  for program in ip ethtool ss tcpdump capinfos "$@"; do
    command -v "$program" >/dev/null || missing+=("${DEBIAN_PACKAGE[$program]}")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "$RECIPE: missing programs; install them with: apt-get install --no-install-recommends $(printf '%s\n' "${missing[@]}" | sort -u | xargs)" >&2
    exit 1
  fi
  if [ "$(id -u)" != 0 ]; then
    echo "$RECIPE: network namespaces need root" >&2
    exit 1
  fi
}

cleanup() {
  trap - EXIT
  local ns pid
  for ns in $(ip netns list | awk '{print $1}' | grep -x "$NETNS-[a-z]*" || true); do
    for pid in $(ip netns pids "$ns"); do kill "$pid" 2>/dev/null || true; done
    ip netns del "$ns"
  done
  [ -z "$LOG_ALL_NETNS" ] || sysctl -qw net.netfilter.nf_log_all_netns="$LOG_ALL_NETNS"
  rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# --- namespaces -----------------------------------------------------------------------------------------------------

in_ns() { ip netns exec "$NETNS-$1" "${@:2}"; }

new_ns() {
  ip netns add "$NETNS-$1"
  in_ns "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0 \
    net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
  in_ns "$1" ip link set lo up
}

router() { in_ns "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; }

# link NS IFACE MAC ADDRESS… -- NS IFACE MAC ADDRESS…: joins two namespaces by a pair of Ethernet interfaces.
link() {
  local a=("${@:1:3}") addresses_a=()
  shift 3
  while [ "$1" != -- ]; do addresses_a+=("$1"); shift; done
  shift
  ip link add name "$2" netns "$NETNS-$1" address "$3" type veth peer name "${a[1]}" netns "$NETNS-${a[0]}" address "${a[2]}"
  configure "${a[@]}" "${addresses_a[@]}"
  configure "$@"
}

configure() { # NS IFACE MAC ADDRESS…
  local address
  in_ns "$1" ethtool -K "$2" tx off rx off gro off tso off gso off >/dev/null
  for address in "${@:4}"; do in_ns "$1" ip address add "$address" dev "$2"; done
  in_ns "$1" ip link set "$2" up
}

offload() { in_ns "$1" ethtool -K "$2" tx on rx on tso on gso on >/dev/null; } # NS IFACE

topology() {
  local ns
  for ns in lan gw wan; do new_ns $ns; done
  router gw
  link lan eth0 02:00:00:00:01:01 10.254.0.2/24 fd54::2/64 -- gw eth0 02:00:00:00:00:01 10.254.0.1/24 fd54::1/64
  link gw eth1 02:00:00:00:00:02 10.253.0.1/24 fd53::1/64 -- wan eth0 02:00:00:00:02:01 10.253.0.2/24 fd53::2/64
  in_ns lan ip route add default via 10.254.0.1
  in_ns lan ip route add default via fd54::1
  in_ns wan ip route add default via 10.253.0.1
  in_ns wan ip route add default via fd53::1
  sleep 2 # for about a second, neighbour solicitations to an interface that has just come up are not answered
}

# A second router: wan forwards to one more network, where the host `far` is.
beyond() {
  new_ns far
  router wan
  link wan eth1 02:00:00:00:02:02 10.252.0.1/24 fd52::1/64 -- far eth0 02:00:00:00:03:01 10.252.0.2/24 fd52::2/64
  in_ns gw ip route add 10.252.0.0/24 via 10.253.0.2
  in_ns gw ip route add fd52::/64 via fd53::2
  in_ns far ip route add default via 10.252.0.1
  in_ns far ip route add default via fd52::1
}

# --- programs -------------------------------------------------------------------------------------------------------

# background NS PROGRAM…: its output goes to a file that is shown when it does not come up.
background() {
  ip netns exec "$NETNS-$1" "${@:2}" >"$TMP/$1-$2.log" 2>&1 &
}

# waits until something listens: wait_listen NS tcp|udp PORT
wait_listen() {
  local tries=50
  until in_ns "$1" ss -Hln --"$2" "sport = :$3" | grep -q .; do
    tries=$((tries - 1))
    if [ $tries = 0 ]; then
      echo "$RECIPE: nothing listens on $2 port $3 in $1" >&2
      tail "$TMP"/*.log >&2
      exit 1
    fi
    sleep 0.1
  done
}

# text FILE BYTES: a text file of that length, the same every time.
text() { seq -f 'line %06g of a file that is the same every time' 1 4000 | head -c "$2" >"$1" || true; }

http_server() { # NS: index.html 615 bytes, page.html 6000 bytes, echo for POST, nothing else
  mkdir -p "$TMP/www"
  text "$TMP/www/index.html" 615
  text "$TMP/www/page.html" 6000
  cat >"$TMP/nginx.conf" <<NGINX
daemon off; worker_processes 1; pid $TMP/nginx.pid; error_log $TMP/nginx-error.log; user root;
events { worker_connections 16; }
http {
  access_log off; client_body_temp_path $TMP/nginx-body; default_type text/plain;
  proxy_temp_path $TMP/nginx-proxy; fastcgi_temp_path $TMP/nginx-fastcgi;
  uwsgi_temp_path $TMP/nginx-uwsgi; scgi_temp_path $TMP/nginx-scgi;
  server { listen 80; listen [::]:80; root $TMP/www; location /form { return 200 "thank you\n"; } }
}
NGINX
  background "$1" nginx -c "$TMP/nginx.conf"
  wait_listen "$1" tcp 80
}

dns_server() { # NS [OPTION…]: www.example.test and a name with more text than 512 bytes hold
  local long
  long=$(printf 'piece %02d of a long answer, ' $(seq 1 9))
  background "$1" dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --log-facility=- \
    --no-resolv --no-hosts --local=/test/ --host-record=www.example.test,10.253.0.2,fd53::2 \
    --cname=web.example.test,www.example.test --mx-host=example.test,www.example.test,10 \
    --txt-record=long.example.test,"$long","$long","$long" "${@:2}"
  wait_listen "$1" udp 53
}

ftp_server() { # NS ADDRESS: anonymous, readme.txt (1200 bytes) to fetch, incoming/ to put into
  mkdir -p "$TMP/ftp/incoming" "$TMP/ftp-empty"
  text "$TMP/ftp/readme.txt" 1200
  chown ftp "$TMP/ftp/incoming"
  local family='listen=YES'
  case $2 in *:*) family='listen=NO
listen_ipv6=YES' ;; esac
  cat >"$TMP/vsftpd.conf" <<VSFTPD
$family
background=NO
anonymous_enable=YES
anon_root=$TMP/ftp
write_enable=YES
anon_upload_enable=YES
anon_umask=022
no_anon_password=NO
secure_chroot_dir=$TMP/ftp-empty
connect_from_port_20=YES
pasv_min_port=40000
pasv_max_port=40099
seccomp_sandbox=NO
xferlog_enable=NO
VSFTPD
  background "$1" vsftpd "$TMP/vsftpd.conf"
  wait_listen "$1" tcp 21
}

# --- captures -------------------------------------------------------------------------------------------------------

CAPTURES=() # process ids of running sniffers

# capture NS IFACE FILE [TCPDUMP OPTION…]: starts tcpdump and returns once it listens. The buffer is large because in
# immediate mode every frame, however short, takes the room of the longest one.
capture() {
  local log=$TMP/capture-${#CAPTURES[@]}.err
  ip netns exec "$NETNS-$1" tcpdump -n -i "$2" --immediate-mode -B 65536 -Z root -w "$TMP/$3" "${@:4}" "$NO_MLD" 2>"$log" &
  sniffing $! 'listening on' "$log"
}

sniffing() { # PID WORDS LOG: waits until the sniffer says that it captures
  local tries=50
  until grep -qs "$2" "$3"; do
    tries=$((tries - 1))
    if [ $tries = 0 ]; then cat "$3" >&2; exit 1; fi
    sleep 0.1
  done
  CAPTURES+=("$1")
}

# Ends the captures once the last FINs and ACKs are in; a sniffer that lost frames ends the recipe.
captured() {
  local pid log
  sleep "${1:-0.5}"
  for pid in "${CAPTURES[@]}"; do kill "$pid"; done
  for pid in "${CAPTURES[@]}"; do wait "$pid" || true; done
  CAPTURES=()
  for log in "$TMP"/capture-*.err; do
    if grep -Eqs '^[1-9][0-9]* packets? dropped by kernel' "$log"; then
      echo "$RECIPE: the sniffer lost frames: $(cat "$log")" >&2
      exit 1
    fi
  done
  rm -f "$TMP"/capture-*.err
}

# --- rules and what the kernel made of them -------------------------------------------------------------------------

EXAMPLES=$PCAPS/../examples

# rules NS FILE [FILE6]: loads them, and lets this namespace's LOG lines reach the kernel log.
rules() {
  LOG_ALL_NETNS=$(sysctl -n net.netfilter.nf_log_all_netns)
  sysctl -qw net.netfilter.nf_log_all_netns=1
  echo "sluice-pcap $$ starts" >/dev/kmsg
  in_ns "$1" iptables-legacy-restore <"$2"
  [ $# -lt 3 ] || in_ns "$1" ip6tables-legacy-restore <"$3"
}

# kernel_says NS NAME PREFIX [6]: counters, connections and log lines (those with the prefix) into files beside the
# captures. Lines that start with # say when, which would differ each time.
kernel_says() {
  in_ns "$1" iptables-legacy-save -c | grep -v '^#' >"$TMP/$2.iptables-save"
  in_ns "$1" conntrack -L -o extended 2>/dev/null >"$TMP/$2.conntrack"
  dmesg | sed "1,/sluice-pcap $$ starts/d; s/^\[ *[0-9.]*\] //" | grep "^$3" >"$TMP/$2.log" || true
  [ $# -lt 4 ] || in_ns "$1" ip6tables-legacy-save -c | grep -v '^#' >"$TMP/$2.ip6tables-save"
}

# --- README ---------------------------------------------------------------------------------------------------------

# version PROGRAM: the Debian version of the package that the program comes from.
version() { dpkg-query -W -f '${Version}' "${DEBIAN_PACKAGE[$1]}"; }

# keep FILE WHAT PROGRAM…: takes a finished file into pcaps/ and writes its row of the table.
keep() {
  local file=$1 what=$2 programs='' program packets=– type=– row
  for program in "${@:3}"; do programs+="${programs:+, }$program $(version "$program")"; done
  case $file in *.pcap*)
    packets=$(capinfos -M -c -T -r "$TMP/$file" 2>/dev/null | cut -f2)
    type=$(capinfos -E -T -r "$TMP/$file" 2>/dev/null | cut -f2)
  esac
  if [ "$packets" = 0 ] || [ ! -s "$TMP/$file" ]; then
    echo "$RECIPE: $file is empty" >&2
    exit 1
  fi
  mv "$TMP/$file" "$PCAPS/$file"
  chmod 644 "$PCAPS/$file"
  row="| \`$file\` | $what | $programs | \`make.sh $RECIPE\` | $packets | $type |"
  awk -v start="| \`$file\` " -v row="$row" '
    /<!-- table -->/ { inside = 1; print; print ""; next }
    inside && index($0, start) == 1 { print row; done = 1; next }
    inside && /<!-- end of table -->/ { if (!done) print row; print ""; print; inside = 0; next }
    inside && /^$/ { next }
    { print }' "$PCAPS/README.md" >"$TMP/README.md"
  cat "$TMP/README.md" >"$PCAPS/README.md"
  echo "$file: $packets packets, $(stat -c %s "$PCAPS/$file") bytes" >&2
}
