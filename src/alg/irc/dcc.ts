/**
 * What both of IRC's helpers share: a client offers another one a connection of their own (DCC) by naming its address and
 * port in a private message, `PRIVMSG bob :\1DCC SEND file 3232235521 5000 1024\1`; bob, who may be anywhere, connects.
 * IPv4 only. Linux: nf_conntrack_irc, nf_nat_irc.
 */
import { Entered, type Expectation } from '../../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { destinationOf } from '../address.ts';
import { bytesOfText } from '../byte-text.ts';
import type { Expecting } from '../expecting.ts';

export const DCC_KINDS = ['SEND', 'CHAT', 'MOVE', 'TSEND', 'SCHAT'] as const;

/** May the client name this address: its own, or the one that it is seen by? */
export function isOwnAddress(expecting: Expecting, entry: number, word: number): boolean {
  const original = expecting.tuple(entry, 0);
  return original.src0 === word || expecting.tuple(entry, 1).dst0 === word;
}

/**
 * Expects whoever connects to the port that the client named. Returns what the message must say instead under address
 * translation (empty: nothing changes), or why it can't be expected. `onExpected` translates the connection.
 */
export function expectDcc(
  expecting: Expecting,
  helper: CtHelper,
  entry: number,
  port: number,
  onExpected: Expectation['onExpected'],
): { readonly text: Uint8Array; readonly undo: () => void } | string {
  const to = destinationOf(expecting.tuple(entry, 1));
  const ends = { family: 4, proto: IPPROTO_TCP, from: null, to, toPort: port };
  const expectation = expecting.make(entry, helper, ends);
  const undo = (): void => expecting.cancel(expectation);
  if (!expecting.isTranslated(entry)) {
    const isEntered = expecting.enter(expectation) === Entered.OK;
    return isEntered ? { text: new Uint8Array(0), undo } : 'cannot add expectation';
  }
  expectation.savedPort = port;
  expectation.direction = 1;
  expectation.onExpected = onExpected;
  const seen = expecting.enterWithPort(expectation, port);
  if (seen === 0) return 'all ports in use';
  return { text: bytesOfText(`${to[0]! >>> 0} ${seen}`), undo };
}
