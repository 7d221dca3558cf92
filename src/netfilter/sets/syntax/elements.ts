/** Elements as text: read by the parts of the set's type, printed likewise. Source: ipset(8), ipset 7.17. */
import type { Family } from '../../hook.ts';
import { byteLength } from '../../syntax/values/text.ts';
import { NO_ELEMENT, type ElementSpec, type InterfaceSpec, type MemberSpec } from '../element.ts';
import { SetError } from '../set-error.ts';
import type { Part, SetType } from '../set-types.ts';
import { printAddress, readAddress, type AddressForm, type ResolveName } from './addresses.ts';
import { readNumber } from './numbers.ts';
import { printPort, readPlainPort, readPort } from './ports.ts';

export type ElementCommand = 'add' | 'del' | 'test';

const NAME_BYTES = 31;
const INTERFACE_BYTES = 15;
const PHYSDEV = 'physdev:';
const NUMBERS = ['', 'Second', 'Third'] as const;

export function readElement(
  text: string,
  type: SetType,
  family: Family,
  command: ElementCommand,
  resolve: ResolveName | null,
): ElementSpec {
  if (type.method === 'list') return { ...NO_ELEMENT, member: readMember(text) };
  const words = splitElement(text, type);
  const spec = { ...NO_ELEMENT, addresses: [] as ElementSpec['addresses'][number][] };
  words.forEach((word, i) => {
    const part = type.parts[i]!;
    switch (part) {
      case 'ip':
      case 'net': {
        const address = readAddress(word, family, formOf(type, i, family), resolve);
        if (command === 'test' && address.last !== null && type.parts.includes('net')) {
          throw new SetError(notInTest('IP', type, family));
        }
        spec.addresses.push(address);
        return;
      }
      case 'port':
        spec.port = type.method === 'bitmap' ? readPlainPort(word) : readPort(word, family);
        if (command === 'test' && spec.port.last !== null)
          throw new SetError(notInTest('port', type, family));
        return;
      case 'mac':
        spec.mac = readMac(word);
        return;
      case 'mark':
        spec.mark = readNumber(word, 0, 0xffff_ffff);
        return;
      case 'iface':
        spec.iface = readInterface(word);
        return;
      case 'set':
        return;
    }
  });
  return spec;
}

export function printElement(spec: ElementSpec, type: SetType, family: Family): string {
  if (spec.member !== null) return spec.member.name;
  let at = 0;
  const texts = type.parts.map((part: Part): string | null => {
    switch (part) {
      case 'ip':
      case 'net':
        return printAddress(spec.addresses[at++]!, family);
      case 'port':
        return type.method === 'bitmap' ? String(spec.port!.first) : printPort(spec.port!);
      case 'mac':
        return spec.mac === null ? null : printMac(spec.mac);
      case 'mark':
        return `0x${spec.mark!.toString(16).padStart(8, '0')}`;
      case 'iface':
        return `${spec.iface!.physdev ? PHYSDEV : ''}${spec.iface!.name}`;
      case 'set':
        return null;
    }
  });
  return texts.filter((text) => text !== null).join(',');
}

/** As `test` shows what it was asked, and complaints about an element show it. */
export function describeElement(spec: ElementSpec, type: SetType, family: Family): string {
  const { member } = spec;
  if (member !== null) {
    // ipset 7.17 says "after" of both.
    return member.beside === null ? member.name : `${member.name} after ${member.beside.name}`;
  }
  const [first] = spec.addresses;
  if (first?.last != null && spec.addresses.length === 1 && type.parts.length === 1) {
    return `${printAddress(first, family)}-${printAddress({ ...first, first: first.last }, family)}`;
  }
  // `physdev:` it does not show.
  const { iface } = spec;
  return printElement(iface === null ? spec : { ...spec, iface: { ...iface, physdev: false } }, type, family);
}

/** Which forms of an address each part takes. */
function formOf(type: SetType, part: number, family: Family): AddressForm {
  const kind = type.parts[part];
  if (kind === 'net') return { network: true, range: family === 4 };
  const isFirst = part === 0;
  const many = isFirst && family === 4 && type.name !== 'bitmap:ip,mac' && type.name !== 'hash:ip,mac';
  return { network: many, range: many };
}

/** Parts of a port or an interface may hold anything but a comma; what is missing at the end only bitmap:ip,mac can do without. */
function splitElement(text: string, type: SetType): readonly string[] {
  const words = text.split(',');
  const wanted = type.parts.length;
  if (words.length > wanted) {
    const many = ['Elem separator', 'Two elem separators', 'Three elem separators'][wanted - 1]!;
    const few = ['none', 'one', 'two'][wanted - 1]!;
    throw new SetError(`Syntax error: ${many} in ${text}, but settype ${type.name} supports ${few}.`);
  }
  const isOptional = type.name === 'bitmap:ip,mac';
  for (let i = 1; i < wanted; i++) {
    if ((words[i] ?? '') === '' && !isOptional) {
      throw new SetError(`Syntax error: ${NUMBERS[i]!} element is missing from ${text}.`);
    }
  }
  return words;
}

function notInTest(what: string, type: SetType, family: Family): string {
  const inet = family === 4 ? 'inet' : 'inet6';
  return `FROM-TO ${what} range is not allowed in command test with set type ${type.name} and family ${inet}`;
}

function readMac(text: string): readonly [number, number] {
  const parts = text
    .split(':')
    .map((part) => (/^[0-9a-fA-F]{1,2}$/.test(part) ? Number.parseInt(part, 16) : -1));
  if (parts.length !== 6 || parts.includes(-1)) {
    throw new SetError(`Syntax error: cannot parse '${text}' as ethernet address`);
  }
  const [a, b, c, d, e, f] = parts as [number, number, number, number, number, number];
  return [a | (b << 8) | (c << 16) | (d << 24), e | (f << 8)];
}

function printMac([low, high]: readonly [number, number]): string {
  const bytes = [low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8];
  return bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, '0').toUpperCase()).join(':');
}

function readInterface(text: string): InterfaceSpec {
  const physdev = text.startsWith(PHYSDEV);
  const name = physdev ? text.slice(PHYSDEV.length) : text;
  if (byteLength(name) > INTERFACE_BYTES) {
    throw new SetError(`Syntax error: interface name '${name}' is longer than ${INTERFACE_BYTES} characters`);
  }
  return { name, physdev, wildcard: false };
}

/** `NAME`, or as one wrote it long ago `NAME,before,OTHER`. */
function readMember(text: string): MemberSpec {
  const [name = '', where, other] = text.split(',');
  if (where === undefined) return { name: readSetName(name), beside: null };
  if ((where !== 'before' && where !== 'after') || other === undefined) {
    throw new SetError('you must specify elements as setname,[before|after],setname');
  }
  return { name: readSetName(name), beside: { where, name: readSetName(other) } };
}

export function readSetName(text: string): string {
  if (byteLength(text) <= NAME_BYTES) return text;
  throw new SetError(`Syntax error: setname '${text}' is longer than ${NAME_BYTES} characters`);
}
