/**
 * `-j TPROXY`: hands the packet to a transparent proxy of this host, without changing it. Linux: xt_TPROXY. Where no
 * transparent socket listens, the packet is dropped; programs on simulated hosts have none.
 */
import { defineTarget, type InfoOf, type TargetAction } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { Hook, type Family } from '../hook.ts';
import type { HostServices } from '../host-services.ts';
import { ValueError } from '../syntax/value-error.ts';
import { address, formatAddress, maskedAlways, resolvedPort, type Masked } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const ANY_ADDRESS = new Int32Array(4);
const NO_MARK: Masked = { value: 0, mask: 0 };

class TproxyAction implements TargetAction {
  private readonly host: HostServices;
  private readonly port: number;
  private readonly address: Int32Array;
  private readonly mark: Masked;

  constructor(info: Info, host: HostServices) {
    this.host = host;
    this.port = info.port!.value;
    this.address = info.address?.value ?? ANY_ADDRESS;
    this.mark = info.mark?.value ?? NO_MARK;
  }

  run(pkt: PacketBuffer): number {
    const { host, mark } = this;
    const socket = host.listenerAt?.(pkt, this.address, this.port) ?? null;
    if (socket?.transparent !== true) {
      pkt.dropReason = DropReason.NO_SOCKET;
      return Verdict.DROP;
    }
    pkt.mark = (pkt.mark & ~mark.mask) ^ mark.value;
    return Verdict.ACCEPT;
  }
}

const options = {
  port: {
    value: resolvedPort,
    name: 'on-port',
    required: true,
    about: "the proxy's port; 0: that of the packet",
  },
  address: { value: address, name: 'on-ip', about: "its address; the incoming interface's unless given" },
  mark: { value: maskedAlways, name: 'tproxy-mark', about: 'the mark that the packet gets' },
} as const;

type Info = InfoOf<typeof options>;

function text(info: Info, family: Family): { readonly address: string; readonly mark: string } {
  return {
    address: formatAddress(info.address?.value ?? ANY_ADDRESS, family),
    mark: maskedAlways.print(info.mark?.value ?? NO_MARK, family),
  };
}

export const tproxy = defineTarget({
  name: 'TPROXY',
  about: 'hands the packet to a transparent proxy of this host',
  tables: ['mangle'],
  needsWhole: true,
  hooks: [Hook.PREROUTING],
  options,
  check(_info, use) {
    const number = use.protocol === null || use.protocol.not ? -1 : use.protocol.number;
    if (number !== IPPROTO_TCP && number !== IPPROTO_UDP)
      throw new ValueError('Can be used only with -p tcp or -p udp', 'REFUSED');
  },
  save(info, family) {
    const { address: ip, mark } = text(info, family);
    return `--on-port ${info.port!.value} --on-ip ${ip} --tproxy-mark ${mark}`;
  },
  list(info, family) {
    const { address: ip, mark } = text(info, family);
    return `TPROXY redirect ${ip}:${info.port!.value} mark ${mark}`;
  },
  create: (info, { host }) => new TproxyAction(info, host),
});
