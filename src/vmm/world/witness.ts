/** Told of what guests have with the world; the audit log is one. */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { formatIp } from '../../wire/address.ts';

export interface WorldFlow {
  readonly protocol: 'tcp' | 'udp';
  /** Addresses as text. */
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  /** The rule that let the first packet through: `filter:FORWARD:3`; undefined where none was asked. */
  readonly rule: string | undefined;
}

export interface Witness {
  /** Which rule let the packet through that is on its way. */
  passedBy(): string | undefined;
  /** Which helper of the gateway's looks after the connection that the packet begins: `ftp`; '' for none. */
  helperOf(pkt: PacketBuffer): string;
  /** A connection stands; a pair of ports was opened. */
  opened(flow: WorldFlow): void;
  /** Bytes as the guest counts them. */
  ended(flow: WorldFlow, sent: number, received: number): void;
}

/** Where nobody wants to know. */
export const UNWATCHED: Witness = {
  passedBy: () => undefined,
  helperOf: () => '',
  opened: () => {},
  ended: () => {},
};

export function flowOf(protocol: 'tcp' | 'udp', pkt: PacketBuffer, rule: string | undefined): WorldFlow {
  return {
    protocol,
    from: formatIp(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3),
    fromPort: pkt.sport,
    to: formatIp(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3),
    toPort: pkt.dport,
    rule,
  };
}
