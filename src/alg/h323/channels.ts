/**
 * Logical channels of H.245: opening one names where its RTP and RTCP go, or T.120's connection; each is expected at the end
 * that names it, from the other. The same messages come in call signalling (fast start, tunnelled control).
 */
import { Entered, ExpectFlag, type Expectation } from '../../netfilter/conntrack/expectations.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { destinationOf, sameAddress, sourceOf } from '../address.ts';
import { readTransport, valueAt, writeTransport, type NamedTransport } from './addresses.ts';
import { mayOpen, type Handled, type Signal } from './conversation.ts';
import type { PerValue } from './per.ts';

export function handleControl(signal: Signal, message: PerValue | undefined): Handled {
  const opening = valueAt(message, 'request', 'openLogicalChannel');
  if (opening !== undefined) return handleOpening(signal, opening);
  const agreed = valueAt(message, 'response', 'openLogicalChannelAck');
  return agreed === undefined || handleAgreement(signal, agreed);
}

/** Of a channel that is to be opened, also by fast start. */
export function handleOpening(signal: Signal, opening: PerValue): Handled {
  signal.conversation.flow.command = 'openLogicalChannel';
  for (const direction of ['forward', 'reverse']) {
    if (!handleMedia(signal, valueAt(opening, direction, 'multiplexParameters', 'h2250'))) return false;
  }
  const data = valueAt(opening, 'forward', 'dataType', 'data', 'application', 't120');
  if (valueAt(data, 'separateLANStack') === undefined) return true;
  return handleData(signal, opening);
}

function handleAgreement(signal: Signal, agreed: PerValue): Handled {
  signal.conversation.flow.command = 'openLogicalChannelAck';
  if (!handleMedia(signal, valueAt(agreed, 'reverse', 'multiplexParameters', 'h2250'))) return false;
  if (!handleMedia(signal, valueAt(agreed, 'forwardAck', 'h2250'))) return false;
  return handleData(signal, agreed);
}

function handleMedia(signal: Signal, parameters: PerValue | undefined): Handled {
  for (const name of ['mediaChannel', 'mediaControlChannel']) {
    const named = ownTransport(signal, valueAt(parameters, name));
    if (named !== null && !expectMedia(signal, named)) return false;
  }
  return true;
}

function handleData(signal: Signal, message: PerValue): Handled {
  const value = valueAt(message, 'separateStack', 'networkAddress', 'localAreaAddress');
  const named = ownTransport(signal, value);
  return named === null || expectData(signal, named);
}

/** An address that the message's sender names as its own. */
export function ownTransport(signal: Signal, value: PerValue | undefined): NamedTransport | null {
  const { h323, bytes, side, conversation } = signal;
  const named = readTransport(value, bytes, h323.family);
  if (named === null || !mayOpen(signal, named)) return null;
  const own = sourceOf(h323.expecting.tuple(conversation.entry, side));
  return sameAddress(named.address, own) ? named : null;
}

/** RTP at the even port, RTCP at the odd one. */
function expectMedia(signal: Signal, named: NamedTransport): Handled {
  const { h323, conversation, side, bytes } = signal;
  const { expecting } = h323;
  const rtp = towards(signal, IPPROTO_UDP, named.port & ~1);
  const rtcp = towards(signal, IPPROTO_UDP, named.port | 1);
  conversation.flow.port = named.port;
  if (!needsTranslation(signal)) {
    if (expecting.enter(rtp) !== Entered.OK) return false;
    if (expecting.enter(rtcp) === Entered.OK) return true;
    expecting.cancel(rtp);
    return false;
  }
  for (const [expectation, port] of [
    [rtp, named.port & ~1],
    [rtcp, named.port | 1],
  ] as const) {
    expectation.savedPort = port;
    expectation.direction = side ^ 1;
    expectation.onExpected = expecting.followMaster;
  }
  // A pair that was translated before keeps its ports; when there are too many, it is as if nothing had been said.
  const known = conversation.mediaPorts.findIndex((ports) => ports[side] === named.port - (named.port & 1));
  const channel = known >= 0 ? known : conversation.mediaPorts.findIndex((ports) => ports[side] === 0);
  if (channel < 0) return true;
  const seen = expecting.enterPair(rtp, rtcp, false);
  if (seen === 0) return true;
  const shown = destinationOf(expecting.tuple(conversation.entry, side ^ 1));
  writeTransport(bytes, named, shown, seen + (named.port & 1));
  conversation.mediaPorts[channel]![side] = named.port & ~1;
  conversation.mediaPorts[channel]![side ^ 1] = seen;
  return true;
}

/** T.120, as many connections as come. */
function expectData(signal: Signal, named: NamedTransport): Handled {
  const expectation = towards(signal, IPPROTO_TCP, named.port);
  expectation.flags = ExpectFlag.PERMANENT;
  return expectOne(signal, expectation, named, named.port) >= 0;
}

/** From the other end of the connection to where this one is seen. */
export function towards(signal: Signal, proto: number, toPort: number): Expectation {
  const { h323, helper, conversation, side } = signal;
  const { expecting, family } = h323;
  const back = expecting.tuple(conversation.entry, side ^ 1);
  return expecting.make(conversation.entry, helper, {
    family,
    proto,
    from: sourceOf(back),
    to: destinationOf(back),
    toPort,
  });
}

/**
 * Enters it, under translation at `wished` or the next port that is free, which the message then names. Returns the port
 * that is seen; 0 where there was none, -1 when the message must not go on.
 */
export function expectOne(
  signal: Signal,
  expectation: Expectation,
  named: NamedTransport,
  wished: number,
): number {
  const { h323, conversation, side, bytes } = signal;
  const { expecting } = h323;
  if (!needsTranslation(signal)) return expecting.enter(expectation) === Entered.OK ? named.port : -1;
  expectation.savedPort = named.port;
  expectation.direction = side ^ 1;
  expectation.onExpected ??= expecting.followMaster;
  const seen = expecting.enterWithPort(expectation, wished);
  if (seen === 0) return 0;
  const shown = destinationOf(expecting.tuple(conversation.entry, side ^ 1));
  writeTransport(bytes, named, shown, seen);
  return seen;
}

/** As in Linux, only IPv4 is translated. */
export function isTranslated({ h323, conversation }: Signal): boolean {
  return h323.family === 4 && h323.expecting.isTranslated(conversation.entry);
}

/** Is this end of the connection known by another address on the other side? */
export function needsTranslation(signal: Signal): boolean {
  const { h323, conversation, side } = signal;
  const own = sourceOf(h323.expecting.tuple(conversation.entry, side));
  const shown = destinationOf(h323.expecting.tuple(conversation.entry, side ^ 1));
  return isTranslated(signal) && !sameAddress(own, shown);
}
