/**
 * Call signalling (H.225.0 7.3): where a message names the address for control (H.245), a connection to it is expected; what
 * it says of media is read as in control. Under translation the addresses of both ends are written as the other knows them.
 */
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { Manip } from '../../netfilter/nat/view.ts';
import { destinationOf, sameAddress, setDestination, sourceOf } from '../address.ts';
import { addressRange } from '../expecting.ts';
import { itemsAt, readTransport, valueAt, writeTransport } from './addresses.ts';
import {
  expectOne,
  handleControl,
  handleOpening,
  isTranslated,
  needsTranslation,
  ownTransport,
  towards,
} from './channels.ts';
import { mayOpen, type Handled, type Signal } from './conversation.ts';
import { decode, type PerValue } from './per.ts';
import { userUser } from './q931.ts';
import { userInformation } from './h225-types.ts';

const MAX_FAST_START = 30;
const MAX_CONTROL = 4;

/** A Q.931 message without its TPKT header. */
export function handleSignalling(signal: Signal, start: number, end: number): Handled {
  const contents = userUser(signal.bytes, start, end);
  if (contents === null) return true;
  const pdu = valueAt(decode(userInformation, signal.bytes, ...contents), 'pdu');
  const body = valueAt(pdu, 'body');
  if (body === undefined || body === null) return true;
  const [name, message] = Object.entries(body)[0] ?? ['', null];
  signal.conversation.flow.command = name;
  const { flows } = signal.h323.services;
  if (flows.wanted) {
    flows.note(signal.conversation.flow, 'message', signal.side === 0 ? 'client' : 'server', name);
  }
  if (!handleBody(signal, name, message)) return false;
  const tunnelled = itemsAt(pdu, 'h245Control').slice(0, MAX_CONTROL);
  return tunnelled.every((one) => handleControl(signal, one));
}

function handleBody(signal: Signal, name: string, message: PerValue): Handled {
  if (name === 'facility' && valueAt(message, 'reason', 'callForwarded') !== undefined) {
    return expectForwarded(signal, valueAt(message, 'alternativeAddress'));
  }
  if (!expectControl(signal, valueAt(message, 'h245Address'))) return false;
  if (name === 'setup') renameEnds(signal, message);
  return itemsAt(message, 'fastStart')
    .slice(0, MAX_FAST_START)
    .every((one) => handleOpening(signal, one));
}

function expectControl(signal: Signal, value: PerValue | undefined): Handled {
  const named = ownTransport(signal, value);
  if (named === null) return true;
  const { conversation, side, h323 } = signal;
  const { signalPorts } = conversation;
  const expectation = towards(signal, IPPROTO_TCP, named.port);
  expectation.helper = h323.control;
  const wished = signalPorts[side] === named.port ? signalPorts[side ^ 1]! : named.port;
  const seen = expectOne(signal, expectation, named, wished);
  if (seen > 0 && isTranslated(signal)) {
    signalPorts[side] = named.port;
    signalPorts[side ^ 1] = seen;
  }
  return seen >= 0;
}

/** A call that is sent on elsewhere is a connection of its own to there, which the gateway sees unless both are on one side. */
function expectForwarded(signal: Signal, value: PerValue | undefined): Handled {
  const { h323, conversation, side } = signal;
  const named = readTransport(value, signal.bytes, h323.family);
  if (named === null || !mayOpen(signal, named)) return true;
  const { expecting, services, family } = h323;
  const own = sourceOf(expecting.tuple(conversation.entry, side));
  if (h323.isStrict && !sameAddress(named.address, own)) {
    const why = 'no connection expected: forwarded to a third host';
    services.flows.note(conversation.flow, 'note', 'gateway', why);
    return true;
  }
  const other = sourceOf(expecting.tuple(conversation.entry, side ^ 1));
  if (services.networks.haveSameNextHop(family, named.address, other)) return true;
  const expectation = towards(signal, IPPROTO_TCP, named.port);
  expectation.helper = h323.signalling;
  if (!needsTranslation(signal)) {
    setDestination(expectation.tuple, named.address);
  } else {
    // Who calls there keeps his address.
    expectation.onExpected = (entry, _pkt, { savedPort }) => {
      services.nat.setupEntry(entry, addressRange(sourceOf(expecting.tuple(entry, 0))), Manip.SRC);
      services.nat.setupEntry(entry, addressRange(named.address, savedPort), Manip.DST);
    };
  }
  return expectOne(signal, expectation, named, named.port) >= 0;
}

/** The addresses of caller and callee, unless they are right as they stand. */
function renameEnds(signal: Signal, message: PerValue): void {
  const { h323, conversation, side, bytes } = signal;
  if (!isTranslated(signal)) return;
  const back = h323.expecting.tuple(conversation.entry, side ^ 1);
  for (const [name, address, port] of [
    ['destCallSignalAddress', sourceOf(back), back.srcId],
    ['sourceCallSignalAddress', destinationOf(back), back.dstId],
  ] as const) {
    const named = readTransport(valueAt(message, name), bytes, h323.family);
    if (named !== null && !sameAddress(named.address, address)) writeTransport(bytes, named, address, port);
  }
}
