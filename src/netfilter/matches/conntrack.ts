/**
 * `-m conntrack`: what connection tracking knows of the packet's connection. Linux: xt_conntrack.
 *
 * A packet without a connection (INVALID, UNTRACKED) is judged by `--ctstate` alone: with one that fits it matches,
 * whatever else is asked; without one it does not match.
 */
import type { Clock } from '../../base/clock.ts';
import { CtStatus, Direction, directionOf } from '../conntrack/ct-info.ts';
import type { ConntrackView } from '../conntrack/view.ts';
import { defineMatch, type Given, type InfoOf, type MatchTest } from '../extension.ts';
import type { Family } from '../hook.ts';
import { ValueError } from '../syntax/value-error.ts';
import { oneOf, range, type Range } from '../syntax/values/index.ts';
import { printOption } from '../syntax/print-options.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { HZ, ticksUntil } from './jiffies.ts';
import { STATE_NAMES, StateBit, StateTest, stateBit } from './connection-state.ts';
import { nameList } from './name-list.ts';
import { TupleTest, tupleAddress, tuplePorts, tupleProtocol } from './tuple-test.ts';

const STATES = nameList(
  [...STATE_NAMES, ['SNAT', StateBit.SNAT], ['DNAT', StateBit.DNAT]],
  (rest) => new ValueError(`Bad ctstate "${rest}"`),
);

const STATUSES = nameList(
  [
    ['EXPECTED', CtStatus.EXPECTED],
    ['SEEN_REPLY', CtStatus.SEEN_REPLY],
    ['ASSURED', CtStatus.ASSURED],
    ['CONFIRMED', CtStatus.CONFIRMED],
  ],
  (rest) => new ValueError(`Bad ctstatus "${rest}"`),
  'NONE',
);

const DIRECTIONS = oneOf(['ORIGINAL', 'REPLY'], {
  anyCase: true,
  bad: (word) => `conntrack: Bad value for "--ctdir" option: "${word}"`,
});

const MAX_SECONDS = 0xffff_ffff;
const TRANSLATED = StateBit.SNAT | StateBit.DNAT;

/** What is asked of a template of `-j CT`, which stands in for a connection in the raw table. */
const TEMPLATE_STATUS = CtStatus.TEMPLATE | CtStatus.CONFIRMED;

class ConntrackTest implements MatchTest {
  readonly isSteady: boolean;
  private readonly conntrack: ConntrackView;
  private readonly clock: Clock;
  private readonly states: Given<number> | null;
  /** -1: either. */
  private readonly direction: number;
  private readonly original: TupleTest | null;
  private readonly reply: TupleTest | null;
  private readonly statuses: Given<number> | null;
  private readonly expires: Given<Range> | null;

  constructor(info: Info, conntrack: ConntrackView, clock: Clock) {
    this.conntrack = conntrack;
    this.clock = clock;
    this.states = info.ctstate ?? null;
    this.direction =
      info.ctdir === undefined ? -1 : info.ctdir.value === 'REPLY' ? Direction.REPLY : Direction.ORIGINAL;
    this.original = TupleTest.of(conntrack, Direction.ORIGINAL, {
      protocol: info.ctproto,
      source: info.ctorigsrc,
      destination: info.ctorigdst,
      sourcePort: info.ctorigsrcport,
      destinationPort: info.ctorigdstport,
    });
    this.reply = TupleTest.of(conntrack, Direction.REPLY, {
      protocol: undefined,
      source: info.ctreplsrc,
      destination: info.ctrepldst,
      sourcePort: info.ctreplsrcport,
      destinationPort: info.ctrepldstport,
    });
    this.statuses = info.ctstatus ?? null;
    this.expires = info.ctexpire ?? null;
    // What else is asked for never changes once there was an answer.
    this.isSteady = this.expires === null && ((this.statuses?.value ?? 0) & CtStatus.ASSURED) === 0;
  }

  test(pkt: PacketBuffer): boolean {
    const entry = pkt.ct;
    const status = entry > 0 ? this.conntrack.status[entry]! : entry < 0 ? TEMPLATE_STATUS : 0;
    const { states } = this;
    if (states !== null) {
      let bit = stateBit(pkt);
      if ((status & CtStatus.SRC_NAT) !== 0) bit |= StateBit.SNAT;
      if ((status & CtStatus.DST_NAT) !== 0) bit |= StateBit.DNAT;
      if (((states.value & bit) !== 0) === states.not) return false;
    }
    if (entry === 0) return states !== null;
    if (this.direction >= 0 && directionOf(pkt.ctInfo) !== this.direction) return false;
    if (this.original !== null && !this.original.test(entry)) return false;
    if (this.reply !== null && !this.reply.test(entry)) return false;
    const { statuses, expires } = this;
    if (statuses !== null && ((statuses.value & status) !== 0) === statuses.not) return false;
    return expires === null || this.expiresWithin(entry, status, expires);
  }

  /** Whole seconds left, of the kernel's ticks. Until an entry is confirmed its timer does not run, and none are left. */
  private expiresWithin(entry: number, status: number, { value, not }: Given<Range>): boolean {
    const runs = entry > 0 && (status & CtStatus.CONFIRMED) !== 0;
    const seconds = runs ? Math.floor(ticksUntil(this.clock, this.conntrack.timeLeftUs(entry)) / HZ) : 0;
    return (seconds >= value.low && seconds <= value.high) !== not;
  }
}

const options = {
  ctstate: { value: STATES, negate: true, about: 'any of these states' },
  ctproto: { value: tupleProtocol, negate: true, about: 'the protocol' },
  ctorigsrc: { value: tupleAddress, negate: true, about: 'source address of the original direction' },
  ctorigdst: { value: tupleAddress, negate: true, about: 'destination address of the original direction' },
  ctreplsrc: { value: tupleAddress, negate: true, about: 'source address of the reply direction' },
  ctrepldst: { value: tupleAddress, negate: true, about: 'destination address of the reply direction' },
  ctorigsrcport: { value: tuplePorts, negate: true, about: 'source port of the original direction' },
  ctorigdstport: {
    value: tuplePorts,
    negate: true,
    about: 'destination port of the original direction',
  },
  ctreplsrcport: { value: tuplePorts, negate: true, about: 'source port of the reply direction' },
  ctrepldstport: { value: tuplePorts, negate: true, about: 'destination port of the reply direction' },
  ctstatus: { value: STATUSES, negate: true, about: 'any of these statuses' },
  ctexpire: { value: range(0, MAX_SECONDS, 'time[:time]'), negate: true, about: 'seconds until it expires' },
  ctdir: { value: DIRECTIONS, about: 'the direction that the packet goes in' },
} as const;

type Info = InfoOf<typeof options>;

function check(info: Info): void {
  if (Object.values(info).every((given) => given === undefined)) {
    throw new ValueError('conntrack: At least one option is required');
  }
}

/** As -save prints it without the dashes; addresses of zeros are `anywhere` unless numbers are asked for. */
function list(info: Info, family: Family, numeric: boolean): string {
  let text = '';
  for (const [name, spec] of Object.entries(options)) {
    const given = info[name as keyof Info] as Given<unknown> | undefined;
    if (given === undefined) continue;
    const isAnywhere =
      !numeric &&
      spec.value === tupleAddress &&
      (given as Given<{ words: Int32Array }>).value.words.every((w) => w === 0);
    text += isAnywhere
      ? `${given.not ? ' !' : ''} ${name} anywhere`
      : printOption(name, spec, given, family).replace('--', '');
  }
  return text.trimStart();
}

/** Rules that ask for nothing but the state are nearly all there are; they take the short way. */
function isPlainState(info: Info): boolean {
  return (
    info.ctstate !== undefined &&
    (info.ctstate.value & TRANSLATED) === 0 &&
    Object.values(info).filter((given) => given !== undefined).length === 1
  );
}

export const conntrack = defineMatch({
  name: 'conntrack',
  about: "what is known of the packet's connection",
  needsConntrack: true,
  options,
  check,
  list,
  create: (info, services) =>
    isPlainState(info)
      ? new StateTest(info.ctstate!.value, info.ctstate!.not)
      : new ConntrackTest(info, services.conntrack, services.clock),
});
