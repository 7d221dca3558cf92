/**
 * `-j SET`: adds the packet's addresses, ports … to sets or deletes them there, or takes over what an element maps onto
 * packets. Linux: xt_set.
 */
import { defineTarget, type InfoOf, type RuleUse, type Services, type TargetAction } from '../extension.ts';
import { Hook } from '../hook.ts';
import type { HookState } from '../hook-state.ts';
import { askSet } from '../sets/ask-set.ts';
import type { SetSlot } from '../sets/ip-sets.ts';
import { SetQuery } from '../sets/set-query.ts';
import { checkSetUse } from '../sets/check-set-use.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, setUse, uint, type SetUse } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { MAX_TIMEOUT_S } from '../sets/settings.ts';

/** A set and how it is asked. */
interface Use {
  readonly slot: SetSlot;
  readonly query: SetQuery;
}

class SetAction implements TargetAction {
  private readonly adds: Use | null;
  private readonly deletes: Use | null;
  private readonly maps: Use | null;
  private readonly mapsMark: boolean;
  private readonly mapsPriority: boolean;

  constructor(info: Info, services: Services) {
    const use = (value: SetUse | undefined): Use | null =>
      value === undefined
        ? null
        : { slot: services.objects!.sets.get(value.set)!, query: new SetQuery(services.host, value.sides) };
    this.adds = use(info.add?.value);
    this.deletes = use(info.del?.value);
    this.maps = use(info.map?.value);
    this.mapsMark = info.mark !== undefined;
    this.mapsPriority = info.prio !== undefined;
    if (this.adds === null) return;
    this.adds.query.exist = info.exist !== undefined;
    if (info.timeout !== undefined) this.adds.query.timeout = Math.min(info.timeout.value, MAX_TIMEOUT_S);
  }

  run(pkt: PacketBuffer, at: HookState): number {
    const { adds, deletes, maps } = this;
    if (adds !== null && adds.slot.accepts(pkt, adds.query)) {
      adds.query.length = pkt.l3End - pkt.l3;
      adds.slot.set.addPacket(pkt, at, adds.query);
    }
    if (deletes !== null && deletes.slot.accepts(pkt, deletes.query)) {
      deletes.slot.set.removePacket(pkt, at, deletes.query);
    }
    if (maps !== null) this.map(maps, pkt, at);
    return Verdict.CONTINUE;
  }

  /** Devices here have one queue each, so there is none to be chosen. */
  private map({ slot, query }: Use, pkt: PacketBuffer, at: HookState): void {
    query.length = pkt.l3End - pkt.l3;
    query.mark = 0;
    query.markMask = 0;
    query.priority = 0;
    if (!askSet(slot, pkt, at, query)) return;
    if (this.mapsMark) pkt.mark = (pkt.mark & ~query.markMask) ^ query.mark;
    if (this.mapsPriority) pkt.priority = query.priority;
  }
}

const MAX_TIMEOUT = 0xffff_fffe;

const timeout = {
  ...uint(0, MAX_TIMEOUT, 'seconds'),
  parse(words: readonly string[], use: Parameters<ReturnType<typeof uint>['parse']>[1]) {
    try {
      return uint(0, MAX_TIMEOUT).parse(words, use);
    } catch {
      throw new ValueError(`Invalid value for option --timeout or out of range 0-${MAX_TIMEOUT}`);
    }
  },
};

const options = {
  add: { value: setUse, name: 'add-set', about: 'adds to that set' },
  exist: { value: flag, about: 'what is there already starts its time anew' },
  timeout: { value: timeout, about: 'what is added stays so many seconds' },
  del: { value: setUse, name: 'del-set', about: 'deletes from that set' },
  map: { value: setUse, name: 'map-set', about: 'maps what the element has (skbinfo) onto the packet' },
  mark: { value: flag, name: 'map-mark', about: 'its mark' },
  prio: { value: flag, name: 'map-prio', about: 'its priority' },
  queue: { value: flag, name: 'map-queue', about: 'its queue: devices here have one' },
} as const;

type Info = InfoOf<typeof options>;

const LEAVING = (1 << Hook.FORWARD) | (1 << Hook.OUTPUT) | (1 << Hook.POSTROUTING);

function check({ add, del, map, ...info }: Info, rule: RuleUse): void {
  if (add === undefined && del === undefined && map === undefined) {
    throw new ValueError("You must specify either `--add-set' or `--del-set' or `--map-set'");
  }
  for (const [name, given] of [
    ['exist', info.exist],
    ['timeout', info.timeout],
  ] as const) {
    if (given !== undefined && add === undefined) {
      throw new ValueError(`Flag \`--${name}' can be used with \`--add-set' only`);
    }
  }
  const mapsQueueing = info.prio !== undefined || info.queue !== undefined;
  const maps = info.mark !== undefined || mapsQueueing;
  if (map !== undefined && !maps) {
    throw new ValueError("You must specify flags `--map-mark' or '--map-prio` or `--map-queue'");
  }
  if (map === undefined && maps) throw new ValueError("These flags can be used with `--map-set' only");
  for (const use of [add, del, map]) {
    if (use !== undefined) checkSetUse(use.value, rule);
  }
  if (map === undefined) return;
  if (rule.table !== 'mangle') throw new ValueError('--map-set only usable from mangle table', 'REFUSED');
  if (mapsQueueing && (rule.hooks & ~LEAVING) !== 0) {
    const where = 'mapping of prio or/and queue is allowed only from OUTPUT/FORWARD/POSTROUTING chains';
    throw new ValueError(where, 'REFUSED');
  }
}

/** The words that -save prints, without the dashes. */
function list(info: Info): string {
  const parts: string[] = [];
  for (const name of Object.keys(options) as (keyof typeof options)[]) {
    const given = info[name];
    if (given === undefined) continue;
    const spec = options[name];
    const value =
      typeof given.value === 'object'
        ? setUse.print(given.value, 4)
        : given.value === true
          ? ''
          : given.value;
    parts.push(`${'name' in spec ? spec.name : name}${value === '' ? '' : ` ${value}`}`);
  }
  return parts.join(' ');
}

export const setTarget = defineTarget({
  name: 'SET',
  about: 'adds to sets, deletes from sets, or maps what a set says',
  options,
  check,
  list,
  create: (info, services) => new SetAction(info, services),
});
