/**
 * `-j MASQUERADE`: SNAT to the address that the outgoing interface has at that moment; a connection that later leaves
 * by another interface is ended. Linux: xt_MASQUERADE, nf_nat_masquerade.
 */
import { defineTarget, type TargetAction } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { Hook } from '../hook.ts';
import type { HostServices } from '../host-services.ts';
import { FoundAddressRange, listNatFlags, ruleRange } from '../nat/rule-range.ts';
import type { NatRange, NatView } from '../nat/view.ts';
import { flag, natPorts } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const toPorts = natPorts(false);

class MasqueradeAction implements TargetAction {
  private readonly nat: NatView;
  private readonly host: HostServices;
  private readonly range: FoundAddressRange;

  constructor(nat: NatView, host: HostServices, range: NatRange) {
    this.nat = nat;
    this.host = host;
    this.range = new FoundAddressRange(range);
  }

  run(pkt: PacketBuffer): number {
    // 0.0.0.0 asks for an address itself (DHCP): not for us to translate.
    if (pkt.family === 4 && pkt.src0 === 0) return Verdict.ACCEPT;
    if (!this.host.masqueradeAddress(pkt, pkt.oif, this.range.minAddress)) {
      pkt.dropReason = DropReason.NAT_FAILED;
      return Verdict.DROP;
    }
    return this.nat.setupMasquerade(pkt, this.range, pkt.oif);
  }
}

export const masquerade = defineTarget({
  name: 'MASQUERADE',
  about: 'gives the connection the address of the interface it leaves by',
  tables: ['nat'],
  hooks: [Hook.POSTROUTING],
  needsConntrack: true,
  options: {
    ports: { value: toPorts, name: 'to-ports', about: 'source ports to choose from' },
    random: { value: flag, about: 'draw the source port at random' },
    randomFully: { value: flag, name: 'random-fully', about: 'the same, without a hash of the addresses' },
  },
  list: (info, family) =>
    `${info.ports === undefined ? '' : `masq ports: ${toPorts.print(info.ports.value, family)}`}${listNatFlags(info)}`.trim(),
  create: (info, services) =>
    new MasqueradeAction(services.nat, services.host, ruleRange(info.ports?.value, info)),
});
