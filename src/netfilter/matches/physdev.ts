/**
 * `-m physdev`: the bridge ports that a packet came in by and leaves by. Linux: xt_physdev. Only of packets that came by a
 * bridge anything is known; any other matches where all that the rule asks is inverted. Which port a packet leaves by is
 * known in FORWARD and POSTROUTING, of bridged packets alone.
 */
import {
  defineMatch,
  type Given,
  type InfoOf,
  type MatchTest,
  type RuleUse,
  type ValueType,
} from '../extension.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { Hook } from '../hook.ts';
import type { HostServices } from '../host-services.ts';
import { interfaceMatches } from '../interface-patterns.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag } from '../syntax/values/index.ts';

const NAME_MAX = 15;

const portName: ValueType<string> = {
  label: 'name[+]',
  parse(words) {
    const name = words[0]!;
    if (name.length > NAME_MAX) {
      throw new ValueError(`interface name \`${name}' must be shorter than IFNAMSIZ (${NAME_MAX})`);
    }
    return name;
  },
  print: (value) => value,
};

class PhysdevTest implements MatchTest {
  private readonly info: Info;
  private readonly host: HostServices;
  /** For packets that came by no bridge. */
  private readonly byDefault: boolean;

  constructor(info: Info, host: HostServices) {
    this.info = info;
    this.host = host;
    this.byDefault = Object.values(info).every((one: Given<unknown>) => one.not);
  }

  test({ physIn, physOut }: PacketBuffer): boolean {
    if (physIn === 0) return this.byDefault;
    const { isIn, isOut, isBridged } = this.info;
    const leaves = physOut !== 0;
    return (
      isMet(isBridged, leaves) &&
      isMet(isIn, true) &&
      isMet(isOut, leaves) &&
      this.isNamed(this.info.in, physIn) &&
      // A port that there is none of is not one of another name, either.
      (this.info.out === undefined || (leaves && this.isNamed(this.info.out, physOut)))
    );
  }

  private isNamed(wanted: Given<string> | undefined, port: number): boolean {
    return (
      wanted === undefined || isMet(wanted, interfaceMatches(wanted.value, this.host.interfaceName(port)))
    );
  }
}

function isMet(asked: Given<unknown> | undefined, holds: boolean): boolean {
  return asked === undefined || holds !== asked.not;
}

const question = (name: string, about: string) => ({ value: flag, name, negate: true, about }) as const;

const options = {
  isIn: question('physdev-is-in', 'the packet came in by a bridge port'),
  in: { value: portName, name: 'physdev-in', negate: true, about: 'the port it came in by' },
  isOut: question('physdev-is-out', 'the packet leaves by a bridge port'),
  out: { value: portName, name: 'physdev-out', negate: true, about: 'the port it leaves by' },
  isBridged: question('physdev-is-bridged', 'the packet is bridged, not routed'),
} as const;

type Info = InfoOf<typeof options>;

function check(info: Info, use: RuleUse): void {
  if (Object.keys(info).length === 0) throw new ValueError('PHYSDEV: no physdev option specified');
  // Where a packet of this host's own leaves is not known yet, unless it must be one that is bridged.
  const asksOut = (info.isOut ?? info.out) !== undefined && info.isBridged?.not !== false;
  if (asksOut && (use.hooks & (1 << Hook.OUTPUT)) !== 0) throw new ValueError('Invalid argument', 'REFUSED');
}

function list(info: Info): string {
  const words = Object.entries(options).flatMap(([property, { name }]) => {
    const given: Given<unknown> | undefined = info[property as keyof Info];
    if (given === undefined) return [];
    const value = typeof given.value === 'string' ? ` ${given.value}` : '';
    return [`${given.not ? '! ' : ''}--${name}${value}`];
  });
  return ['PHYSDEV match', ...words].join(' ');
}

export const physdev = defineMatch({
  name: 'physdev',
  about: 'bridge ports that a bridged packet passes',
  options,
  check,
  save: (info) => list(info).slice('PHYSDEV match '.length),
  list,
  create: (info, { host }) => new PhysdevTest(info, host),
});
