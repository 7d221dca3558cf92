/** The text that says an address and a port in each of FTP's four forms, as Linux's nf_nat_ftp writes it. */
import { formatIp4 } from '../../wire/address.ts';
import type { Address } from '../address.ts';
import { bytesOfText } from '../byte-text.ts';

export const FtpForm = { PORT: 0, PASV: 1, EPRT: 2, EPSV: 3 } as const;
export type FtpForm = (typeof FtpForm)[keyof typeof FtpForm];

export function formatForm(form: FtpForm, family: number, address: Address, port: number): Uint8Array {
  return bytesOfText(textOf(form, family, address, port));
}

function textOf(form: FtpForm, family: number, address: Address, port: number): string {
  switch (form) {
    case FtpForm.PORT:
    case FtpForm.PASV: {
      const word = address[0]!;
      const numbers = [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff];
      return [...numbers, port >>> 8, port & 0xff].join(',');
    }
    case FtpForm.EPRT:
      return family === 6 ? `|2|${fullIp6(address)}|${port}|` : `|1|${formatIp4(address[0]!)}|${port}|`;
    case FtpForm.EPSV:
      return `|||${port}|`;
  }
}

/** All eight groups with all their digits: what the kernel's %pI6 prints. */
function fullIp6(address: Address): string {
  const groups: string[] = [];
  for (const word of address) {
    groups.push((word >>> 16).toString(16).padStart(4, '0'), (word & 0xffff).toString(16).padStart(4, '0'));
  }
  return groups.join(':');
}
