#!/bin/busybox sh
# The first process of the guest. A shell is on the first serial line. What comes on the second, where there is one, is run
# line by line: its output is sent back, and after it a line "<<< STATUS". The kernel's command line may say `dhcp` (get an
# address before the shell starts) and `host=NAME`.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do
  [ -e "/modules/$module.ko" ] && insmod "/modules/$module.ko"
done </modules/list
ip link set lo up
read -r words </proc/cmdline
host=guest
for word in $words; do
  case $word in host=*) host=${word#host=} ;; esac
done
hostname "$host"

obey() {
  stty -F /dev/ttyS1 raw -echo
  exec 3<>/dev/ttyS1
  printf '\n<<< 0\n' >&3
  while read -r line <&3; do
    eval "$line" >/tmp/output 2>&1 </dev/null
    status=$?
    cat /tmp/output >&3
    printf '\n<<< %s\n' "$status" >&3
  done
}
stty -F /dev/ttyS1 >/dev/null 2>&1 && obey &

case " $words " in
  *' dhcp '*)
    ip link set eth0 up
    udhcpc -i eth0 -s /etc/lease.sh -x hostname:"$host" -q -n -t 10 -T 1
    ;;
esac
cd /
export HOME=/ TERM=xterm ENV=/etc/profile
echo "PS1='$host# '" >/etc/profile
while true; do setsid cttyhack sh; done
