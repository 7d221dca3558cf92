/**
 * RAS (H.225.0 7.6): an endpoint registers with its gatekeeper and asks it before every call. Who has registered can be
 * called, from the gatekeeper; where the gatekeeper names an address to call, that is expected.
 */
import { CtStatus } from '../../netfilter/conntrack/ct-info.ts';
import { Entered, ExpectFlag } from '../../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { destinationOf, sameAddress, sourceOf, type Address } from '../address.ts';
import { itemsAt, readTransport, valueAt, writeTransport, type NamedTransport } from './addresses.ts';
import { expectOne, isTranslated, towards } from './channels.ts';
import { mayOpen, type Handled, type Signal } from './conversation.ts';
import { REGISTRATION_SECONDS, UNREGISTRATION_US } from './facts.ts';
import { rasMessage } from './h225-types.ts';
import { decode, Octets, type PerValue } from './per.ts';

const MAX_ADDRESSES = 10;
const SECOND_US = 1_000_000;
const LOOPBACK = 127;

type Handler = (signal: Signal, message: PerValue) => Handled;

export function handleRas(signal: Signal, start: number, end: number): Handled {
  const message = decode(rasMessage, signal.bytes, start, end);
  if (message === null || typeof message !== 'object') return true;
  const [name, body] = Object.entries(message)[0] ?? ['', null];
  const { conversation, h323, side } = signal;
  if (!h323.isStrict && isCutShort(valueAt(body, 'timeToLive'), end)) return true;
  conversation.flow.command = name;
  if (h323.services.flows.wanted) {
    h323.services.flows.note(conversation.flow, 'message', side === 0 ? 'client' : 'server', name);
  }
  return HANDLERS[name]?.(signal, body) ?? true;
}

/** Linux's decoder steps over a lifetime twice: as many octets have to follow it, or nothing is understood. */
function isCutShort(lifetime: PerValue | undefined, end: number): boolean {
  return lifetime instanceof Octets && lifetime.at + 2 * lifetime.length > end;
}

/** Seconds; 0 where nobody says. */
function lifetimeOf({ bytes }: Signal, message: PerValue): number {
  const lifetime = valueAt(message, 'timeToLive');
  if (!(lifetime instanceof Octets)) return 0;
  let value = 0;
  for (let i = 0; i < lifetime.length; i++) value = value * 256 + bytes[lifetime.at + i]!;
  return value + 1;
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  gatekeeperRequest: (signal, message) => renameRas(signal, [valueAt(message, 'rasAddress')]),
  gatekeeperConfirm: (signal, message) => {
    const named = read(signal, valueAt(message, 'rasAddress'));
    const own = signal.h323.expecting.tuple(signal.conversation.entry, signal.side);
    if (named === null) return true;
    if (sameAddress(named.address, sourceOf(own)) && named.port === own.srcId) return true;
    const { status } = signal.h323.services.conntrack;
    if ((status[signal.conversation.entry]! & CtStatus.EXPECTED) !== 0) return true;
    return expectAt(signal, named, IPPROTO_UDP, signal.h323.ras, 0);
  },
  registrationRequest: (signal, message) => {
    if (!expectCalls(signal, items(message, 'callSignalAddress'))) return false;
    signal.conversation.timeoutSeconds = lifetimeOf(signal, message) || REGISTRATION_SECONDS;
    return renameRas(signal, items(message, 'rasAddress'));
  },
  registrationConfirm: (signal, message) => {
    renameSignalling(signal, items(message, 'callSignalAddress'));
    const { conversation, h323 } = signal;
    conversation.timeoutSeconds = lifetimeOf(signal, message) || conversation.timeoutSeconds;
    if (conversation.timeoutSeconds > 0) {
      h323.services.conntrack.prolong(conversation.entry, conversation.timeoutSeconds * SECOND_US);
    }
    return true;
  },
  unregistrationRequest: (signal, message) => {
    renameSignalling(signal, items(message, 'callSignalAddress'));
    const { conversation, h323 } = signal;
    const { conntrack } = h323.services;
    for (const one of [...conntrack.expectations.of(conversation.entry)]) conntrack.expectations.remove(one);
    conversation.signalPorts[0] = conversation.signalPorts[1] = 0;
    conntrack.prolong(conversation.entry, UNREGISTRATION_US);
    return true;
  },
  admissionRequest: (signal, message) => {
    const { conversation, side } = signal;
    if (!isTranslated(signal)) return true;
    const { own, shown } = addressesOf(signal);
    const called = read(signal, valueAt(message, 'destCallSignalAddress'));
    if (
      called !== null &&
      sameAddress(called.address, own) &&
      called.port === conversation.signalPorts[side]
    ) {
      return write(signal, called, shown, conversation.signalPorts[side ^ 1]!);
    }
    const calling = read(signal, valueAt(message, 'srcCallSignalAddress'));
    if (calling === null || !sameAddress(calling.address, own)) return true;
    return write(signal, calling, shown, calling.port);
  },
  admissionConfirm: (signal, message) => {
    const value = valueAt(message, 'destCallSignalAddress');
    const named = read(signal, value);
    if (named === null) return true;
    // An answer to who is called names where he can be called.
    if (sameAddress(named.address, addressesOf(signal).peer)) return renameSignalling(signal, [value]);
    return expectAt(signal, named, IPPROTO_TCP, signal.h323.signalling, ExpectFlag.PERMANENT);
  },
  locationRequest: (signal, message) => renameRas(signal, [valueAt(message, 'replyAddress')]),
  locationConfirm: (signal, message) => {
    const named = read(signal, valueAt(message, 'callSignalAddress'));
    if (named === null) return true;
    return expectAt(signal, named, IPPROTO_TCP, signal.h323.signalling, ExpectFlag.PERMANENT);
  },
  infoRequestResponse: (signal, message) => {
    renameRas(signal, [valueAt(message, 'rasAddress')]);
    return renameSignalling(signal, items(message, 'callSignalAddress'));
  },
};

function items(message: PerValue, name: string): readonly PerValue[] {
  return itemsAt(message, name).slice(0, MAX_ADDRESSES);
}

function read({ h323, bytes }: Signal, value: PerValue | undefined): NamedTransport | null {
  return readTransport(value, bytes, h323.family);
}

function write({ bytes }: Signal, named: NamedTransport, address: Address, port: number): true {
  writeTransport(bytes, named, address, port);
  return true;
}

function addressesOf({ h323, conversation, side }: Signal): {
  own: Address;
  peer: Address;
  shown: Address;
  hidden: Address;
} {
  const there = h323.expecting.tuple(conversation.entry, side);
  const back = h323.expecting.tuple(conversation.entry, side ^ 1);
  return {
    own: sourceOf(there),
    peer: destinationOf(there),
    shown: destinationOf(back),
    hidden: sourceOf(back),
  };
}

/** The address that RAS itself uses. */
function renameRas(signal: Signal, values: readonly (PerValue | undefined)[]): true {
  const { h323, conversation, side } = signal;
  if (!isTranslated(signal)) return true;
  const there = h323.expecting.tuple(conversation.entry, side);
  const back = h323.expecting.tuple(conversation.entry, side ^ 1);
  for (const value of values) {
    const named = read(signal, value);
    if (named === null || named.port !== there.srcId || !sameAddress(named.address, sourceOf(there)))
      continue;
    return write(signal, named, destinationOf(back), back.dstId);
  }
  return true;
}

/** The address at which an endpoint is called: its own, or named to it by the gatekeeper. */
function renameSignalling(signal: Signal, values: readonly (PerValue | undefined)[]): true {
  const { conversation, side } = signal;
  const { signalPorts } = conversation;
  if (!isTranslated(signal)) return true;
  const { own, peer, shown, hidden } = addressesOf(signal);
  for (const value of values) {
    const named = read(signal, value);
    if (named === null || named.port !== signalPorts[side]) continue;
    if (sameAddress(named.address, own)) {
      const first = read(signal, values[0]);
      const isFirst = first !== null && isLoopback(first);
      return write(signal, isFirst ? first : named, shown, signalPorts[side ^ 1]!);
    }
    if (sameAddress(named.address, peer)) return write(signal, named, hidden, signalPorts[side ^ 1]!);
  }
  return true;
}

/** Gnomemeeting names 127.0.0.1 first, which then stands for its own address. */
function isLoopback({ address }: NamedTransport): boolean {
  return address[0]! >>> 24 === LOOPBACK;
}

/** Calls to who registers, from the gatekeeper, as many as come. */
function expectCalls(signal: Signal, values: readonly PerValue[]): Handled {
  const { conversation, side, h323 } = signal;
  const { signalPorts } = conversation;
  const { own, shown } = addressesOf(signal);
  const found = values.map((value) => read(signal, value));
  const named = found.find((one) => one !== null && sameAddress(one.address, own) && mayOpen(signal, one));
  if (named === undefined || named === null) return true;
  const expectation = towards(signal, IPPROTO_TCP, named.port);
  expectation.helper = h323.signalling;
  expectation.flags = ExpectFlag.PERMANENT;
  const wished =
    signalPorts[side] === named.port && isTranslated(signal) ? signalPorts[side ^ 1]! : named.port;
  const seen = expectOne(signal, expectation, named, wished);
  if (seen < 0) return false;
  if (seen === 0) return true;
  signalPorts[side] = named.port;
  if (!isTranslated(signal)) return true;
  signalPorts[side ^ 1] = seen;
  const [first] = found;
  if (first != null && first !== named && isLoopback(first)) write(signal, first, shown, seen);
  return true;
}

/** What the gatekeeper names to the other end: a connection from that end to there. */
function expectAt(
  signal: Signal,
  named: NamedTransport,
  proto: number,
  helper: CtHelper,
  flags: number,
): Handled {
  const { h323, conversation } = signal;
  if (h323.isStrict) {
    if (!mayOpen(signal, named)) return true;
    // A third host is nobody's to open a way to.
    if (!sameAddress(named.address, addressesOf(signal).own)) return true;
  }
  const back = h323.expecting.tuple(conversation.entry, signal.side ^ 1);
  const expectation = h323.expecting.make(conversation.entry, signal.helper, {
    family: h323.family,
    proto,
    from: sourceOf(back),
    to: named.address,
    toPort: named.port,
  });
  expectation.helper = helper;
  expectation.flags = flags;
  return h323.expecting.enter(expectation) === Entered.OK;
}
