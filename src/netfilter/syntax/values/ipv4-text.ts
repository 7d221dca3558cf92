/**
 * IPv4 addresses and masks as text. Addresses are signed 32-bit integers. iptables reads addresses in three ways, and
 * which one depends on the option: in full (NAT targets), as a network whose missing parts are zeros at the end (`-s`,
 * `-m iprange`: `10.1` is 10.1.0.0), and as C's inet_aton reads a host (`--ctorigsrc`: `10.1` is 10.0.0.1).
 */
import { parseUnsigned } from './numbers.ts';

/** Four decimal parts and nothing else; null for anything else. */
export function parseIpv4(text: string): number | null {
  const address = parseDotted(text);
  return address < 0 ? null : address | 0;
}

/** One to four parts, decimal, octal or hexadecimal; those missing are zeros at the end. */
export function parseIpv4Network(text: string): number | null {
  const full = parseDotted(text);
  if (full >= 0) return full | 0;
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
  const full = parseDotted(text);
  if (full >= 0) return full | 0;
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

/** The usual form: four decimal parts without leading zeros, and nothing else; -1 for anything else. */
function parseDotted(text: string): number {
  const length = text.length;
  if (length > 15) return -1;
  let address = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit === -2) {
      if (digits === 0) return -1;
      address = address * 256 + part;
      part = 0;
      digits = 0;
      dots++;
    } else {
      if (digit < 0 || digit > 9 || (digits > 0 && part === 0)) return -1;
      part = part * 10 + digit;
      digits++;
      if (part > 255) return -1;
    }
  }
  return dots === 3 && digits > 0 ? address * 256 + part : -1;
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The mask of a prefix length, signed. */
export function ipv4Mask(prefix: number): number {
  return prefix === 0 ? 0 : -1 << (32 - prefix);
}

/** The prefix length of a mask, -1 when its ones don't stand together at the front. */
export function ipv4Prefix(mask: number): number {
  const ones = Math.clz32(~mask);
  return ipv4Mask(ones) === (mask | 0) ? ones : -1;
}

/** A mask as written after the slash: a prefix length or a dotted mask; null when it is none. */
export function parseIpv4Mask(text: string): number | null {
  const prefix = parseUnsigned(text);
  if (prefix >= 0 && prefix <= 32) return ipv4Mask(prefix);
  return text.split('.').length === 4 ? parseIpv4Network(text) : null;
}

/** `24`, or `255.0.255.0` where the ones don't stand together. */
export function formatIpv4Mask(mask: number): string {
  const prefix = ipv4Prefix(mask);
  return prefix < 0 ? formatIpv4(mask) : String(prefix);
}
