/**
 * `-j REDIRECT`: DNAT to this machine: to the address of the incoming interface, for its own packets to loopback.
 * Linux: xt_REDIRECT, nf_nat_redirect.
 */
import { defineTarget, type TargetAction } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { Hook } from '../hook.ts';
import type { HookState } from '../hook-state.ts';
import type { HostServices } from '../host-services.ts';
import { FoundAddressRange, listNatFlags, ruleRange } from '../nat/rule-range.ts';
import { Manip, type NatRange, type NatView } from '../nat/view.ts';
import { flag, natPorts } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const toPorts = natPorts(false);

const LOOPBACK_4 = 0x7f000001;
const LOOPBACK_6_LAST = 1;

class RedirectAction implements TargetAction {
  private readonly nat: NatView;
  private readonly host: HostServices;
  private readonly range: FoundAddressRange;

  constructor(nat: NatView, host: HostServices, range: NatRange) {
    this.nat = nat;
    this.host = host;
    this.range = new FoundAddressRange(range);
  }

  run(pkt: PacketBuffer, at: HookState): number {
    const address = this.range.minAddress;
    if (at.hook === Hook.OUTPUT) {
      address.fill(0);
      if (pkt.family === 4) address[0] = LOOPBACK_4;
      else address[3] = LOOPBACK_6_LAST;
    } else if (!this.host.redirectAddress(pkt, address)) {
      pkt.dropReason = DropReason.NAT_FAILED;
      return Verdict.DROP;
    }
    return this.nat.setup(pkt, this.range, Manip.DST);
  }
}

export const redirect = defineTarget({
  name: 'REDIRECT',
  about: 'sends the connection to this machine',
  tables: ['nat'],
  hooks: [Hook.PREROUTING, Hook.OUTPUT],
  needsConntrack: true,
  options: {
    ports: { value: toPorts, name: 'to-ports', about: 'ports to choose from' },
    random: { value: flag, about: 'draw the port at random' },
  },
  list: (info, family) =>
    `${info.ports === undefined ? '' : `redir ports ${toPorts.print(info.ports.value, family)}`}${listNatFlags(info)}`.trim(),
  create: (info, services) =>
    new RedirectAction(services.nat, services.host, ruleRange(info.ports?.value, info)),
});
