/**
 * `-j NETMAP`: maps a whole network one to one: the network part comes from the rule, the host part stays. Before routing
 * it changes the destination, after routing the source. Linux: xt_NETMAP.
 */
import { defineTarget, type TargetAction } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { manipAt } from '../nat/nat.ts';
import { FoundAddressRange, ruleRange } from '../nat/rule-range.ts';
import { Manip, type NatView } from '../nat/view.ts';
import { hostNetwork, type MaskedAddress } from '../syntax/values/index.ts';
import type { Hook } from '../hook.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

class NetmapAction implements TargetAction {
  private readonly nat: NatView;
  private readonly network: MaskedAddress;
  private readonly range = new FoundAddressRange(ruleRange(undefined, {}));

  constructor(nat: NatView, network: MaskedAddress) {
    this.nat = nat;
    this.network = network;
  }

  run(pkt: PacketBuffer, at: HookState): number {
    const manip = manipAt(at.hook as Hook);
    const source = manip === Manip.SRC;
    const { words, mask } = this.network;
    const address = this.range.minAddress;
    address[0] = mapWord(source ? pkt.src0 : pkt.dst0, words[0]!, mask[0]!);
    address[1] = mapWord(source ? pkt.src1 : pkt.dst1, words[1]!, mask[1]!);
    address[2] = mapWord(source ? pkt.src2 : pkt.dst2, words[2]!, mask[2]!);
    address[3] = mapWord(source ? pkt.src3 : pkt.dst3, words[3]!, mask[3]!);
    return this.nat.setup(pkt, this.range, manip);
  }
}

function mapWord(old: number, network: number, mask: number): number {
  return (old & ~mask) | (network & mask);
}

export const netmap = defineTarget({
  name: 'NETMAP',
  about: 'maps a network onto another of the same size, address by address',
  tables: ['nat'],
  needsConntrack: true,
  options: {
    to: { value: hostNetwork, required: true, about: 'the network to map onto' },
  },
  list: (info, family) => `to:${hostNetwork.print(info.to!.value, family)}`,
  create: (info, services) => new NetmapAction(services.nat, info.to!.value),
});
