/**
 * What the gateway of `pcaps/nat-*.pcap` sent, in a form that two runs of the same kernel, or Sluice and the kernel, can
 * be compared in: without what is drawn at random and without the gateway's own questions for neighbours.
 */
import { join } from 'node:path';
import { readFacts } from './capture-facts.ts';

const PCAPS = join(import.meta.dirname, '../../pcaps');

/** The gateway's interfaces, each with the side whose capture shows it. */
export const GATEWAY = {
  eth0: { side: 'lan', mac: '020000000001' },
  eth1: { side: 'wan', mac: '020000000002' },
} as const;

const ETHERNET_BYTES = 14;
const ARP_REQUEST = 1;
const FRAGMENT_HEADER = 44;
const ICMPV6 = 58;
const NEIGHBOUR_SOLICITATION = 135;

/** The frames, as hex digits, that the gateway sent on an interface, in their order. `traffic` is nat or nat-ftp. */
export async function framesSent(traffic: string, iface: keyof typeof GATEWAY): Promise<string[]> {
  const { side, mac } = GATEWAY[iface];
  const { frames } = await readFacts(join(PCAPS, `${traffic}-${side}.pcap`));
  return comparable(frames.filter((frame) => frame.toString('hex', 6, 12) === mac));
}

/** Leaves out questions for neighbours; blanks identifications and, in IPv4, the header checksum over them. */
export function comparable(frames: readonly Buffer[]): string[] {
  return frames.filter((frame) => !asksForNeighbour(frame)).map(withoutIdentification);
}

function asksForNeighbour(frame: Buffer): boolean {
  switch (frame.readUInt16BE(12)) {
    case 0x0806:
      return frame.readUInt16BE(ETHERNET_BYTES + 6) === ARP_REQUEST;
    case 0x86dd:
      return frame[ETHERNET_BYTES + 6] === ICMPV6 && frame[ETHERNET_BYTES + 40] === NEIGHBOUR_SOLICITATION;
    default:
      return false;
  }
}

function withoutIdentification(frame: Buffer): string {
  const copy = Buffer.from(frame);
  switch (copy.readUInt16BE(12)) {
    case 0x0800:
      copy.fill(0, ETHERNET_BYTES + 4, ETHERNET_BYTES + 6);
      copy.fill(0, ETHERNET_BYTES + 10, ETHERNET_BYTES + 12);
      break;
    case 0x86dd:
      if (copy[ETHERNET_BYTES + 6] === FRAGMENT_HEADER)
        copy.fill(0, ETHERNET_BYTES + 44, ETHERNET_BYTES + 48);
      break;
  }
  return copy.toString('hex');
}
