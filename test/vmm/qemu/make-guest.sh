#!/usr/bin/env bash
# Makes a small guest: Debian's cloud kernel, and a memory disk with busybox that does what it is told on its second
# serial line (guest-init.sh). Prints the paths of kernel and memory disk.
#
#     bash test/vmm/qemu/make-guest.sh [FOLDER]
#
# Programs of this machine that $GUEST_PROGRAMS names are put in too, with the libraries that they need.
# Needs busybox-static, cpio and the network (or FOLDER from an earlier run); takes seconds once the kernel is there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
WORK=${1:-${TMPDIR:-/tmp}/sluice-guest}
# In the order in which they are loaded.
MODULES=(virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net)

mkdir -p "$WORK"
cd "$WORK"
if ! compgen -G 'kernel/boot/vmlinuz-*' >/dev/null; then
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
  (mkdir -p download && cd download && apt-get download -q "$package" >&2)
  dpkg-deb -x download/"$package"_*.deb kernel
  rm -r download
fi

# Several may be made at once: each in a folder of its own, put in place when it is whole.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,proc,sys,dev,tmp,run,etc,modules,www}
cp "$(command -v busybox)" "$root"/bin/busybox
"$root"/bin/busybox --list | grep -vx busybox | while read -r name; do ln -s busybox "$root/bin/$name"; done
for module in "${MODULES[@]}"; do
  # What is built in has no file.
  file=$(find kernel/lib/modules -name "$module.ko" -o -name "$module.ko.xz")
  case $file in
    *.xz) xz -dc "$file" >"$root/modules/$module.ko" ;;
    *.ko) cp "$file" "$root"/modules/ ;;
  esac
done
printf '%s\n' "${MODULES[@]}" >"$root"/modules/list
for program in ${GUEST_PROGRAMS:-}; do
  path=$(command -v "$program")
  cp "$path" "$root"/bin/
  for library in $(ldd "$path" | grep -o '/[^ ]*'); do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
done
cp "$here/guest-init.sh" "$root"/init
cp "$here/guest-lease.sh" "$root"/etc/lease.sh
chmod +x "$root"/init "$root"/etc/lease.sh
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$root.gz"
disk=$WORK/initramfs${GUEST_PROGRAMS:+-${GUEST_PROGRAMS// /-}}.gz
mv "$root.gz" "$disk"
echo "$WORK"/kernel/boot/vmlinuz-*
echo "$disk"
