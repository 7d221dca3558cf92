/**
 * `-m multiport`: ports out of a list. Linux: xt_multiport. It reads the four bytes of the ports and no more of the
 * header; where those are missing, the packet is dropped at once (hotdrop). Later fragments don't match.
 */
import {
  defineMatch,
  type Fact,
  type Given,
  type InfoOf,
  type MatchTest,
  type RuleUse,
} from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { listPort, portList, type Range } from '../syntax/values/index.ts';
import { formatProtocol } from '../syntax/values/protocols.ts';
import { readU16 } from '../../wire/bytes.ts';
import {
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  IPPROTO_DCCP,
} from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

type Side = 'sports' | 'dports' | 'ports';

class MultiportTest implements MatchTest {
  readonly isSteady = true;
  private readonly source: boolean;
  private readonly destination: boolean;
  private readonly not: boolean;
  private readonly lows: Int32Array;
  private readonly highs: Int32Array;

  constructor(side: Side, given: Given<readonly Range[]>) {
    this.source = side !== 'dports';
    this.destination = side !== 'sports';
    this.not = given.not;
    this.lows = Int32Array.from(given.value, (range) => range.low);
    this.highs = Int32Array.from(given.value, (range) => range.high);
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    if (pkt.fragOffset !== 0) return false;
    if (pkt.l4Ok === 1) {
      return (
        ((this.destination && this.holds(pkt.dport)) || (this.source && this.holds(pkt.sport))) !== this.not
      );
    }
    return this.testShort(pkt, at);
  }

  private holds(port: number): boolean {
    const { lows, highs } = this;
    for (let i = 0; i < lows.length; i++) if (port >= lows[i]! && port <= highs[i]!) return true;
    return false;
  }

  /** The header is cut short, but its ports may be there. */
  private testShort(pkt: PacketBuffer, at: HookState): boolean {
    if (pkt.l4 + 4 > pkt.l3End) {
      at.hotdrop = true;
      return false;
    }
    const matches =
      (this.source && this.holds(readU16(pkt.bytes, pkt.l4))) ||
      (this.destination && this.holds(readU16(pkt.bytes, pkt.l4 + 2)));
    return matches !== this.not;
  }
}

const option = (long: string | null, about: string) =>
  ({
    value: portList,
    negate: true,
    group: 'ports',
    about,
    ...(long === null ? {} : { aliases: [long] }),
  }) as const;

const options = {
  sports: option('source-ports', 'the source port is one of these'),
  dports: option('destination-ports', 'the destination port is one of these'),
  ports: option(null, 'either port is one of these'),
} as const;

type Info = InfoOf<typeof options>;

function given(info: Info): readonly [side: Side, ports: Given<readonly Range[]>] {
  if (info.sports !== undefined) return ['sports', info.sports];
  if (info.dports !== undefined) return ['dports', info.dports];
  if (info.ports !== undefined) return ['ports', info.ports];
  throw new ValueError('multiport expection an option');
}

const PROTOCOLS: readonly number[] = [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP, IPPROTO_DCCP];

function check(info: Info, use: RuleUse): void {
  given(info);
  if (use.protocol === null) {
    throw new ValueError("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
  }
  if (use.protocol.not || !PROTOCOLS.includes(use.protocol.number)) {
    throw new ValueError('multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP');
  }
}

/** A list of one side says which values its port has; a list for either side can't be said so. */
function facts(info: Info): Fact[] {
  const [side, ports] = given(info);
  if (side === 'ports') return [];
  const ranges = ports.value.map(({ low, high }) => [low, high] as const);
  return [{ field: side === 'sports' ? 'sport' : 'dport', ranges: ports.not ? gaps(ranges) : ranges }];
}

/** The ports that no range holds. */
function gaps(ranges: readonly (readonly [low: number, high: number])[]): [number, number][] {
  const left: [number, number][] = [];
  let next = 0;
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (low > next) left.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= 65535) left.push([next, 65535]);
  return left;
}

function list(info: Info, numeric: boolean, protocol: number | null): string {
  const [side, ports] = given(info);
  const name = protocol === null ? null : formatProtocol(protocol);
  const words = ports.value.map(({ low, high }) => {
    const first = listPort(low, numeric, name);
    return low === high ? first : `${first}:${listPort(high, numeric, name)}`;
  });
  return `multiport ${side} ${ports.not ? ' !' : ''}${words.join(',')}`;
}

export const multiport = defineMatch({
  name: 'multiport',
  about: 'ports out of a list',
  options,
  check,
  facts,
  list: (info, _family, numeric, protocol) => list(info, numeric, protocol),
  create: (info) => new MultiportTest(...given(info)),
});
