/**
 * Call signalling (H.225.0 7.3): where a message names the address for control (H.245), a connection to it is expected; what
 * it says of media is read as in control. Under translation the addresses of both ends are written as the other knows them.
 */
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { destinationOf, sameAddress, sourceOf } from '../address.ts';
import { itemsAt, readTransport, valueAt, writeTransport } from './addresses.ts';
import { expectOne, handleControl, handleOpening, isTranslated, ownTransport, towards } from './channels.ts';
import type { Handled, Signal } from './conversation.ts';
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
  // A call that is sent on elsewhere is a call of its own.
  if (name === 'facility' && valueAt(message, 'reason', 'callForwarded') !== undefined) return true;
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
