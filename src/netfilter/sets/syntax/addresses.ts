/** Addresses of elements and of `create`: one, a network or a range, as far as the type takes them. */
import type { Family } from '../../hook.ts';
import { parseHostAddress, formatAddress } from '../../syntax/values/addresses.ts';
import type { AddressSpec } from '../element.ts';
import { SetError } from '../set-error.ts';
import { readNumber } from './numbers.ts';

/** What may be written. */
export interface AddressForm {
  readonly network: boolean;
  readonly range: boolean;
}

/** Names in place of addresses: what they stand for, empty for nothing. */
export type ResolveName = (name: string, family: Family) => readonly string[];

export function readAddress(
  text: string,
  family: Family,
  form: AddressForm,
  resolve: ResolveName | null,
): AddressSpec {
  const hostPrefix = family === 4 ? 32 : 128;
  const slash = text.indexOf('/');
  if (slash >= 0) {
    const prefix = readNumber(text.slice(slash + 1), 0, hostPrefix);
    if (!form.network && prefix !== hostPrefix) throw plainOnly(text);
    return { first: readOne(text.slice(0, slash), family, resolve), last: null, prefix };
  }
  const dash = isBracketed(text) ? -1 : rangeDash(text, family, resolve);
  if (dash < 0) return { first: readOne(text, family, resolve), last: null, prefix: null };
  if (!form.range) {
    throw form.network
      ? new SetError(`Syntax error: IP address or IP/cidr must be specified: ${text}`)
      : plainOnly(text);
  }
  const first = readOne(text.slice(0, dash), family, resolve);
  return { first, last: readOne(text.slice(dash + 1), family, resolve), prefix: null };
}

/** `10.0.0.1`, `10.0.0.0/8`. */
export function printAddress({ first, prefix }: AddressSpec, family: Family): string {
  const text = formatAddress(first, family);
  return prefix === null || prefix === (family === 4 ? 32 : 128) ? text : `${text}/${prefix}`;
}

function plainOnly(text: string): SetError {
  return new SetError(`Syntax error: plain IP address must be supplied: ${text}`);
}

function isBracketed(text: string): boolean {
  return text.startsWith('[') && text.endsWith(']');
}

/** Names of hosts may hold dashes; addresses do not. */
function rangeDash(text: string, family: Family, resolve: ResolveName | null): number {
  const dash = text.indexOf('-');
  if (dash < 0) return -1;
  const isAddress = parseHostAddress(text.slice(0, dash), family) !== null;
  return isAddress || resolve === null ? dash : -1;
}

function readOne(text: string, family: Family, resolve: ResolveName | null): Int32Array {
  const bare = isBracketed(text) ? text.slice(1, -1) : text;
  const address = parseHostAddress(bare, family) ?? resolved(bare, family, resolve);
  if (address !== null) return address;
  const kind = family === 4 ? 'IPv4' : 'IPv6';
  throw new SetError(`Syntax error: cannot parse ${bare}: resolving to ${kind} address failed`);
}

function resolved(name: string, family: Family, resolve: ResolveName | null): Int32Array | null {
  const isName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) && /[A-Za-z]/.test(name);
  const [found] = isName ? (resolve?.(name, family) ?? []) : [];
  return found === undefined ? null : parseHostAddress(found, family);
}
