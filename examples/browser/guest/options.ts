/** What v86 is told to boot the guest that make-guest.sh makes, in Node and in a browser. */
import type { V86Image, V86Options } from 'v86';

export interface GuestFiles {
  readonly kernel: V86Image;
  readonly disk: V86Image;
  readonly bios: V86Image;
  readonly vgaBios: V86Image;
}

/** Debian's kernel looks for much that an emulated computer has not got; without that it boots in two thirds of the time. */
const KERNEL_WORDS = [
  ...['console=ttyS0', 'quiet', 'tsc=reliable', 'mitigations=off', 'random.trust_cpu=on', 'noisapnp'],
  ...['pnpbios=off', 'lsm=', 'audit=0', 'initcall_blacklist=init_kprobe_trace,load_system_certificate_list'],
];
const MIB = 1024 * 1024;

/** @param words - for the guest itself (init.sh): `dhcp`, `host=NAME` */
export function guestOptions(files: GuestFiles, words: readonly string[]): V86Options {
  return {
    memory_size: 128 * MIB,
    vga_memory_size: 2 * MIB,
    bios: files.bios,
    vga_bios: files.vgaBios,
    bzimage: files.kernel,
    initrd: files.disk,
    cmdline: [...KERNEL_WORDS, ...words].join(' '),
    disable_speaker: true,
    autostart: true,
  };
}
