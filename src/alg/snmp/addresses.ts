/**
 * Where the addresses stand in an SNMP message of version 1 or 2c (RFC 1157, 3416), and whether it is one, as Linux's
 * nf_nat_snmp_basic has it: traps of version 1 are none, and a value may be missing at the end of its binding.
 */
import { BerReader } from './ber.ts';

const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const NULL = 0x05;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;
const IP_ADDRESS = 0x40;
const PLAIN_VALUES = [INTEGER, OCTET_STRING, OBJECT_IDENTIFIER, NULL];
/** Counter32, Unsigned32, TimeTicks, Opaque, Counter64. */
const APPLICATION_VALUES = [0x41, 0x42, 0x43, 0x44, 0x46];
/** noSuchObject, noSuchInstance, endOfMibView. */
const EXCEPTIONS = [0x80, 0x81, 0x82];
const OTHER_VALUES = [...PLAIN_VALUES, ...APPLICATION_VALUES, ...EXCEPTIONS];
/** Get, GetNext, Response, Set, GetBulk, Inform, Trap, Report. */
const PDUS = [0xa0, 0xa1, 0xa2, 0xa3, 0xa5, 0xa6, 0xa7, 0xa8];
const LAST_VERSION = 1;

/** Calls `found` with the place of every address; false when the message is none. */
export function walkAddresses(
  bytes: Uint8Array,
  start: number,
  end: number,
  found: (at: number) => void,
): boolean {
  const message = new BerReader(bytes, start, end).take(SEQUENCE);
  const version = message?.take(INTEGER) ?? null;
  if (message === null || version === null || version.end - version.at !== 1) return false;
  if (bytes[version.at]! > LAST_VERSION || message.take(OCTET_STRING) === null) return false;
  if (message.isAtEnd) return true;
  const pdu = PDUS.includes(message.tag) ? message.take(message.tag) : null;
  if (pdu === null || !message.isAtEnd) return false;
  // Request, error, and where the error is.
  for (let i = 0; i < 3; i++) if (pdu.take(INTEGER) === null) return false;
  const bindings = pdu.take(SEQUENCE);
  if (bindings === null || !pdu.isAtEnd || bindings.isAtEnd) return false;
  while (!bindings.isAtEnd) {
    const binding = bindings.take(SEQUENCE);
    if (binding === null || !walkBinding(binding, found)) return false;
  }
  return true;
}

function walkBinding(binding: BerReader, found: (at: number) => void): boolean {
  if (binding.take(OBJECT_IDENTIFIER) === null) return false;
  if (binding.isAtEnd) return true;
  if (binding.tag === IP_ADDRESS) {
    const address = binding.take(IP_ADDRESS);
    if (address === null || address.end - address.at !== 4) return false;
    found(address.at);
  } else if (!OTHER_VALUES.includes(binding.tag) || binding.take(binding.tag) === null) {
    return false;
  }
  return binding.isAtEnd;
}
