#!/usr/bin/env bash
# Puts cases to Debian's kernel in an emulated machine, where this machine's kernel lacks a part (VLAN filtering, bonding).
#
#     bash test/vswitch/kernel/guest.sh < cases.jsonl > answers.jsonl      (record.ts does)
#
# The first line of the answers is {"kernel": its name and version}.
# The guest is that kernel, its bridge modules, and a memory disk with Python, iproute2 and bridge-oracle.py; it has no
# disk and no network, is emulated without KVM, and ends when the cases are through. Needs qemu-system-x86,
# busybox-static, cpio, iptables and python3; the kernel is downloaded from Debian where WORK does not hold it yet.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
WORK=${WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice-bridge-guest}
EXTENSIONS=$(dirname "$(find /usr/lib -name libxt_standard.so | head -n 1)")
MODULES=(llc stp garp mrp 8021q bridge veth tls bonding x_tables ip_tables iptable_filter br_netfilter)

mkdir -p "$WORK"
cd "$WORK"
if ! compgen -G 'kernel/boot/vmlinuz-*' >/dev/null; then
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
  apt-get download -q "$package" >&2
  dpkg-deb -x "$package"_*.deb kernel
fi

rm -rf root
mkdir -p root/{bin,proc,sys,dev,tmp,run,modules}
cp /usr/bin/busybox root/bin/busybox 2>/dev/null || cp /bin/busybox root/bin/busybox
for name in cat mount seq sleep grep insmod poweroff mkdir; do ln -s busybox "root/bin/$name"; done
# A program with the libraries that it is linked with.
copy() {
  for file in "$1" $(ldd "$1" | grep -o '/[^ ]*'); do
    mkdir -p "root$(dirname "$file")"
    cp -L "$file" "root$file"
  done
}
copy /usr/bin/python3
# The shell of busybox would take its own ip for iproute2's.
copy /bin/dash
ln -s dash root/bin/sh
copy "$(command -v ip)"
copy "$(command -v bridge)"
for name in iptables-legacy-restore iptables-legacy-save; do copy "$(command -v $name)"; done
mkdir -p "root$EXTENSIONS"
cp "$EXTENSIONS"/libxt_standard.so "root$EXTENSIONS"
version=$(/usr/bin/python3 -I -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
mkdir -p "root/usr/lib/$version"
(cd "/usr/lib/$version" && find . -name '*.py' -not -path './test/*' -not -path './idlelib/*' -not -path '*-packages/*' -o -name '_ctypes*.so' -o -name '_json*.so' | cpio -pdm --quiet "$WORK/root/usr/lib/$version")
for library in "root/usr/lib/$version"/lib-dynload/*.so; do copy "/${library#root/}"; done
for module in "${MODULES[@]}"; do
  cp "$(find kernel/lib/modules -name "$module.ko")" root/modules/
done
cp "$here/bridge-oracle.py" root/oracle.py
cat > root/cases.jsonl
cat > root/init <<INIT
#!/bin/sh
export PATH=/bin:/usr/sbin:/usr/bin:/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in ${MODULES[*]}; do insmod /modules/\$module.ko; done
echo "{\"kernel\":\"\$(busybox uname -srv)\"}" > /dev/ttyS1
python3 -I /oracle.py < /cases.jsonl > /dev/ttyS1
poweroff -f
INIT
chmod +x root/init
(cd root && find . | cpio -o -H newc --quiet | gzip -1) > initramfs.gz

qemu-system-x86_64 -accel tcg -m 512 -smp 1 -nographic -no-reboot -nic none \
  -kernel kernel/boot/vmlinuz-* -initrd initramfs.gz -append 'console=ttyS0 quiet panic=-1' \
  -serial "file:$WORK/console.log" -serial "file:$WORK/answers" -monitor none >&2 </dev/null
tr -d '\r' < answers
