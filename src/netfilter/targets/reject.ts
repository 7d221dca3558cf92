/**
 * `-j REJECT`: drops the packet and tells its sender, with an ICMP error or a TCP reset. Linux: ipt_REJECT, ip6t_REJECT.
 * The answers themselves are the host's (HostServices.rejectWithIcmp, rejectWithReset).
 */
import { defineTarget, type TargetAction } from '../extension.ts';
import type { ConntrackView } from '../conntrack/view.ts';
import { Hook, type Family } from '../hook.ts';
import type { HookState } from '../hook-state.ts';
import type { HostServices } from '../host-services.ts';
import { ValueError } from '../syntax/value-error.ts';
import { Verdict } from '../verdict.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { ValueType } from '../extension.ts';

interface Kind {
  /** As printed. */
  readonly name: string;
  readonly alias: string;
  /** ICMP destination unreachable (v4 type 3, v6 type 1) with this code; -1 for a TCP reset. */
  readonly code: number;
}

const RESET: Kind = { name: 'tcp-reset', alias: 'tcp-rst', code: -1 };

const KINDS: Readonly<Record<Family, readonly Kind[]>> = {
  4: [
    { name: 'icmp-net-unreachable', alias: 'net-unreach', code: 0 },
    { name: 'icmp-host-unreachable', alias: 'host-unreach', code: 1 },
    { name: 'icmp-proto-unreachable', alias: 'proto-unreach', code: 2 },
    { name: 'icmp-port-unreachable', alias: 'port-unreach', code: 3 },
    { name: 'icmp-net-prohibited', alias: 'net-prohib', code: 9 },
    { name: 'icmp-host-prohibited', alias: 'host-prohib', code: 10 },
    RESET,
    { name: 'icmp-admin-prohibited', alias: 'admin-prohib', code: 13 },
  ],
  6: [
    { name: 'icmp6-no-route', alias: 'no-route', code: 0 },
    { name: 'icmp6-adm-prohibited', alias: 'adm-prohibited', code: 1 },
    { name: 'icmp6-addr-unreachable', alias: 'addr-unreach', code: 3 },
    { name: 'icmp6-port-unreachable', alias: 'port-unreach', code: 4 },
    RESET,
    { name: 'icmp6-policy-fail', alias: 'policy-fail', code: 5 },
    { name: 'icmp6-reject-route', alias: 'reject-route', code: 6 },
  ],
};

const UNREACHABLE = { 4: 3, 6: 1 } as const;

const rejectWith: ValueType<Kind> = {
  label: 'type',
  choices: [...new Set([...KINDS[4], ...KINDS[6]].map(({ name }) => name))],
  parse(words, use) {
    const word = words[0]!;
    // Any beginning of a name will do, as long as it is of one of them first.
    const kind = KINDS[use.family].find(
      ({ name, alias }) => word !== '' && (startsWith(name, word) || startsWith(alias, word)),
    );
    if (kind === undefined) throw new ValueError(`unknown reject type "${word}"`);
    return kind;
  },
  print: (kind) => kind.name,
};

function startsWith(name: string, word: string): boolean {
  return name.startsWith(word.toLowerCase());
}

class RejectAction implements TargetAction {
  private readonly host: HostServices;
  private readonly conntrack: ConntrackView;
  private readonly code: number;

  constructor(host: HostServices, conntrack: ConntrackView, code: number) {
    this.host = host;
    this.conntrack = conntrack;
    this.code = code;
  }

  run(pkt: PacketBuffer, at: HookState): number {
    if (this.code < 0) {
      this.host.rejectWithReset(pkt, at.hook, this.conntrack);
    } else {
      this.host.rejectWithIcmp(pkt, UNREACHABLE[pkt.family === 6 ? 6 : 4], this.code, at.hook);
    }
    return Verdict.DROP;
  }
}

function kindOf(given: Kind | undefined, family: Family): Kind {
  return given ?? KINDS[family].find(({ alias }) => alias === 'port-unreach')!;
}

export const reject = defineTarget({
  name: 'REJECT',
  about: 'drops the packet and tells its sender',
  tables: ['filter'],
  hooks: [Hook.INPUT, Hook.FORWARD, Hook.OUTPUT],
  options: {
    with: {
      value: rejectWith,
      name: 'reject-with',
      about: 'what the sender is told; port unreachable unless given',
    },
  },
  check(info, use) {
    const resets = info.with?.value === RESET;
    if (resets && (use.protocol === null || use.protocol.not || use.protocol.number !== IPPROTO_TCP)) {
      throw new ValueError('Invalid argument', 'REFUSED');
    }
  },
  save: (info, family) => `--reject-with ${kindOf(info.with?.value, family).name}`,
  list: (info, family) => `reject-with ${kindOf(info.with?.value, family).name}`,
  create: (info, services, use) =>
    new RejectAction(services.host, services.conntrack, kindOf(info.with?.value, use.family).code),
});
