/**
 * `-m devgroup`: the group of the interface that the packet came in by or leaves by. Linux: xt_devgroup.
 */
import { defineMatch, type Given, type InfoOf, type MatchTest, type RuleUse } from '../extension.ts';
import { Hook } from '../hook.ts';
import type { HookState } from '../hook-state.ts';
import type { HostServices } from '../host-services.ts';
import { ValueError } from '../syntax/value-error.ts';
import type { Masked } from '../syntax/values/index.ts';
import { namedMask } from './named-mask.ts';

const DEFAULT_GROUP = 0;

const group = namedMask(new Map([['default', DEFAULT_GROUP]]));

class DevgroupTest implements MatchTest {
  private readonly host: HostServices;
  private readonly source: Given<Masked> | null;
  private readonly destination: Given<Masked> | null;

  constructor(info: Info, host: HostServices) {
    this.host = host;
    this.source = info.source ?? null;
    this.destination = info.destination ?? null;
  }

  test(_pkt: unknown, at: HookState): boolean {
    return (
      (this.source === null || this.isOf(this.source, at.iif)) &&
      (this.destination === null || this.isOf(this.destination, at.oif))
    );
  }

  private isOf({ value, not }: Given<Masked>, iface: number): boolean {
    const number = this.host.interfaceGroup?.(iface) ?? DEFAULT_GROUP;
    return (((number ^ value.value) & value.mask) === 0) !== not;
  }
}

const options = {
  source: { value: group, name: 'src-group', negate: true, about: 'the group of the incoming interface' },
  destination: {
    value: group,
    name: 'dst-group',
    negate: true,
    about: 'the group of the outgoing interface',
  },
} as const;

type Info = InfoOf<typeof options>;

function check(info: Info, use: RuleUse): void {
  if ((info.source ?? info.destination) === undefined) {
    throw new ValueError("devgroup match: You must specify either '--src-group' or '--dst-group'");
  }
  const reached = (...hooks: Hook[]) => hooks.some((hook) => (use.hooks & (1 << hook)) !== 0);
  const noIncoming = info.source !== undefined && reached(Hook.OUTPUT, Hook.POSTROUTING);
  const noOutgoing = info.destination !== undefined && reached(Hook.PREROUTING, Hook.INPUT);
  if (noIncoming || noOutgoing) throw new ValueError('Invalid argument', 'REFUSED');
}

export const devgroup = defineMatch({
  name: 'devgroup',
  about: 'the group of an interface',
  options,
  check,
  list: ({ source, destination }, _family, numeric) =>
    [
      source === undefined ? '' : `${source.not ? '! ' : ''}src-group ${group.list(source, numeric)}`,
      destination === undefined
        ? ''
        : `${destination.not ? '! ' : ''}dst-group ${group.list(destination, numeric)}`,
    ]
      .filter((word) => word !== '')
      .join(' '),
  create: (info, { host }) => new DevgroupTest(info, host),
});
