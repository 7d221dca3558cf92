/**
 * IPv4 addresses and masks as text. Addresses are signed 32-bit integers. iptables reads addresses in three ways, and
 * which one depends on the option: in full (NAT targets), as a network whose missing parts are zeros at the end (`-s`,
 * `-m iprange`: `10.1` is 10.1.0.0), and as C's inet_aton reads a host (`--ctorigsrc`: `10.1` is 10.0.0.1).
 */
import { formatIp4, maskWord, parseIp4, prefixOfMask } from '../../../wire/address.ts';
import { parseUnsigned } from './numbers.ts';

/** Four decimal parts and nothing else; null for anything else. */
export function parseIpv4(text: string): number | null {
  return parseIp4(text) ?? null;
}

/** One to four parts, decimal, octal or hexadecimal; those missing are zeros at the end. */
export function parseIpv4Network(text: string): number | null {
  const full = parseIp4(text);
  if (full !== undefined) return full;
  const parts = text.split('.');
  if (parts.length > 4) return null;
  let address = 0;
  for (let i = 0; i < parts.length; i++) {
    const value = parts[i] === '' ? -1 : parseUnsigned(parts[i]!);
    if (value < 0 || value > 255) return null;
    address |= value << (24 - 8 * i);
  }
  return address;
}

/** One to four parts, decimal, octal or hexadecimal; the last fills all the bytes that are left. */
export function parseIpv4Host(text: string): number | null {
  const full = parseIp4(text);
  if (full !== undefined) return full;
  const parts = text.split('.');
  if (parts.length > 4) return null;
  let address = 0;
  for (let i = 0; i < parts.length; i++) {
    const value = parts[i] === '' ? -1 : parseUnsigned(parts[i]!);
    const last = i === parts.length - 1;
    if (value < 0 || value >= (last ? 2 ** (8 * (4 - i)) : 256)) return null;
    address |= last ? value : value << (24 - 8 * i);
  }
  return address;
}

/** A mask as written after the slash: a prefix length or a dotted mask; null when it is none. */
export function parseIpv4Mask(text: string): number | null {
  const prefix = parseUnsigned(text);
  if (prefix >= 0 && prefix <= 32) return maskWord(prefix, 0);
  return text.split('.').length === 4 ? parseIpv4Network(text) : null;
}

/** `24`, or `255.0.255.0` where the ones don't stand together. */
export function formatIpv4Mask(mask: number): string {
  const prefix = prefixOfMask(mask);
  return prefix < 0 ? formatIp4(mask) : String(prefix);
}
