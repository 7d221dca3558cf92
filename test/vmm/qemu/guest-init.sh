#!/bin/sh
# The first process of the test guest: each line that comes on the second serial line is run, its output is sent back, and
# after it a line "<<< STATUS".
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do
  [ -e "/modules/$module.ko" ] && insmod "/modules/$module.ko"
done </modules/list
ip link set lo up
stty -F /dev/ttyS1 raw -echo
exec 3<>/dev/ttyS1
printf '\n<<< 0\n' >&3
while read -r line <&3; do
  eval "$line" >/tmp/output 2>&1 </dev/null
  status=$?
  cat /tmp/output >&3
  printf '\n<<< %s\n' "$status" >&3
done
