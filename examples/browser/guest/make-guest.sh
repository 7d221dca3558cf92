#!/usr/bin/env bash
# Makes a small guest for v86: Debian's 32-bit kernel without PAE, a memory disk with busybox (init.sh), and the BIOS that
# Debian has for QEMU. Prints the paths of kernel, memory disk, BIOS and VGA BIOS.
#
#     bash examples/browser/guest/make-guest.sh [FOLDER]
#
# Installs nothing: packages come by an apt of FOLDER's own, whose architecture is i386, and are only unpacked. Needs apt-get
# and dpkg-deb (Debian or a derivative), cpio, and the network the first time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
WORK=${1:-${TMPDIR:-/tmp}/sluice-guest-i386}
# In the order in which they are loaded.
MODULES=(virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net 8390 ne2k-pci)

mkdir -p "$WORK"
cd "$WORK"
if [ ! -e files ]; then
  apt=$(mktemp -d "$PWD/apt.XXXXXX")
  trap 'rm -rf "$apt"' EXIT
  mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial "$apt"/packages "$apt"/files
  : >"$apt"/status
  cat >"$apt"/apt.conf <<END
APT::Architecture "i386";
APT::Architectures { "i386"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
END
  export APT_CONFIG=$apt/apt.conf
  # Sources without i386 complain; what is missing then is named by what follows.
  apt-get update -qq >&2 || true
  kernel=$(apt-cache depends linux-image-686 | awk '/Depends: linux-image/ {print $2; exit}')
  (cd "$apt"/packages && apt-get download -qq "$kernel" busybox-static seabios >&2)
  for package in "$apt"/packages/*.deb; do dpkg-deb -x "$package" "$apt"/files; done
  # Several may be made at once: the first that is whole stays.
  mv -T "$apt"/files files 2>/dev/null || true
fi

root=$(mktemp -d)
trap 'rm -rf "$root" "${apt:-}"' EXIT
mkdir -p "$root"/{bin,proc,sys,dev,tmp,run,etc,modules,www}
cp files/bin/busybox "$root"/bin/
for module in "${MODULES[@]}"; do
  # What is built in has no file.
  find files/lib/modules -name "$module.ko" -exec cp {} "$root"/modules/ \;
done
printf '%s\n' "${MODULES[@]}" >"$root"/modules/list
cp "$here"/init.sh "$root"/init
cp "$here"/lease.sh "$root"/etc/lease.sh
chmod +x "$root"/init "$root"/etc/lease.sh
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -9) >"$root.gz"
mv "$root.gz" initramfs.gz

echo "$WORK"/files/boot/vmlinuz-*
echo "$WORK"/initramfs.gz
echo "$WORK"/files/usr/share/seabios/bios.bin
echo "$WORK"/files/usr/share/seabios/vgabios-stdvga.bin
