/** `-m set`: the packet's addresses, ports … are in a set of ipset's. Linux: xt_set. */
import { defineMatch, type InfoOf, type MatchTest, type Services, type ValueType } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { askSet } from '../sets/ask-set.ts';
import type { SetSlot } from '../sets/ip-sets.ts';
import { CounterHow, SetQuery } from '../sets/set-query.ts';
import { checkSetUse } from '../sets/check-set-use.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, setUse, uint64 } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

class SetTest implements MatchTest {
  private readonly slot: SetSlot;
  private readonly query: SetQuery;
  private readonly not: boolean;

  constructor(slot: SetSlot, query: SetQuery, not: boolean) {
    this.slot = slot;
    this.query = query;
    this.not = not;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    this.query.length = pkt.l3End - pkt.l3;
    return askSet(this.slot, pkt, at, this.query) !== this.not;
  }
}

/** A counter's value, of 64 bits. */
const counter: ValueType<bigint> = {
  ...uint64('value'),
  parse(words, use) {
    try {
      return uint64().parse(words, use);
    } catch {
      throw new ValueError(`Cannot parse ${words[0]!} as a counter value`);
    }
  },
};

/** What counters do unless they are told not to is never printed. */
const onlyNot = (_value: unknown, not: boolean) => !not;

const options = {
  set: {
    value: setUse,
    name: 'match-set',
    aliases: ['set'],
    negate: true,
    required: true,
    about: 'the set, and which side of the packet each part of its elements is about',
  },
  nomatch: { value: flag, name: 'return-nomatch', about: 'matches the exceptions in the set instead' },
  counters: {
    value: flag,
    name: 'update-counters',
    negate: true,
    omit: onlyNot,
    about: 'negated: the element does not count the packet',
  },
  subcounters: {
    value: flag,
    name: 'update-subcounters',
    negate: true,
    omit: onlyNot,
    about: 'negated: elements of the sets in a list do not count it',
  },
  packetsEq: {
    value: counter,
    name: 'packets-eq',
    negate: true,
    group: 'packets',
    about: 'packets so far, this one included',
  },
  packetsLt: { value: counter, name: 'packets-lt', group: 'packets', about: 'fewer packets' },
  packetsGt: { value: counter, name: 'packets-gt', group: 'packets', about: 'more packets' },
  bytesEq: {
    value: counter,
    name: 'bytes-eq',
    negate: true,
    group: 'bytes',
    about: 'bytes so far, with this packet',
  },
  bytesLt: { value: counter, name: 'bytes-lt', group: 'bytes', about: 'fewer bytes' },
  bytesGt: { value: counter, name: 'bytes-gt', group: 'bytes', about: 'more bytes' },
} as const;

type Info = InfoOf<typeof options>;

function queryOf(info: Info, { host }: Services): SetQuery {
  const query = new SetQuery(host, info.set!.value.sides);
  query.returnsNomatch = info.nomatch !== undefined;
  query.counts = info.counters?.not !== true;
  query.countsInMembers = info.subcounters?.not !== true;
  [query.packetsHow, query.packets] = comparison(info.packetsEq, info.packetsLt, info.packetsGt);
  [query.bytesHow, query.bytes] = comparison(info.bytesEq, info.bytesLt, info.bytesGt);
  query.comparesCounters = query.packetsHow !== CounterHow.ANY || query.bytesHow !== CounterHow.ANY;
  return query;
}

function comparison(
  equal: Info['packetsEq'],
  less: Info['packetsLt'],
  greater: Info['packetsGt'],
): [CounterHow, number] {
  if (equal !== undefined) return [equal.not ? CounterHow.NE : CounterHow.EQ, Number(equal.value)];
  if (less !== undefined) return [CounterHow.LT, Number(less.value)];
  if (greater !== undefined) return [CounterHow.GT, Number(greater.value)];
  return [CounterHow.ANY, 0];
}

/** `match-set a src packets-lt 4`: the words that -save prints, without the dashes. */
function list(info: Info): string {
  const parts: string[] = [];
  for (const name of Object.keys(options) as (keyof typeof options)[]) {
    const given = info[name];
    if (given === undefined) continue;
    const spec = options[name];
    if ('omit' in spec && spec.omit(given.value, given.not)) continue;
    const value =
      name === 'set' ? setUse.print(info.set!.value, 4) : given.value === true ? '' : String(given.value);
    parts.push(`${given.not ? '! ' : ''}${spec.name}${value === '' ? '' : ` ${value}`}`);
  }
  return parts.join(' ');
}

export const setMatch = defineMatch({
  name: 'set',
  about: 'addresses, ports … that are in a set',
  stateful: true,
  options,
  check: (info, use) => checkSetUse(info.set!.value, use),
  list,
  create(info, services) {
    const slot = services.objects!.sets.get(info.set!.value.set)!;
    return new SetTest(slot, queryOf(info, services), info.set!.not);
  },
});
