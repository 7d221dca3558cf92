/** What happens on a guest network, in the words of its audit log (audit.ts): who, where to, under which name, by which rule. */
import type { Clock } from '../base/clock.ts';
import { formatIp } from '../wire/address.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { AuditEntry, AuditLog } from './audit.ts';
import type { Witness, WorldFlow } from './world/witness.ts';

/** Lines about one guest in a second: a guest must not fill the disk. What is above is counted, and said with the next. */
const LINES_A_SECOND = 100;
const US_PER_SECOND = 1_000_000;

export interface AuditNames {
  /** The name of a guest that has an address; undefined when nobody has it. */
  guestAt(address: string): string | undefined;
  /** The name that an address was asked for. */
  nameOf(address: string): string | undefined;
  /** The rule that let the packet through that is on its way. */
  passedBy(): string | undefined;
  /** The helper of the connection that a packet beyond the gateway begins. */
  helperOf(pkt: PacketBuffer): string;
}

export class NetworkAudit implements Witness {
  private readonly log: AuditLog;
  private readonly clock: Clock;
  private readonly names: AuditNames;
  private readonly budgets = new Map<string, { second: number; lines: number; suppressed: number }>();

  constructor(log: AuditLog, clock: Clock, names: AuditNames) {
    this.log = log;
    this.clock = clock;
    this.names = names;
  }

  passedBy(): string | undefined {
    return this.names.passedBy();
  }

  helperOf(pkt: PacketBuffer): string {
    return this.names.helperOf(pkt);
  }

  opened(flow: WorldFlow): void {
    this.write(this.names.guestAt(flow.from), { event: 'connect', ...this.wordsOf(flow) });
  }

  ended(flow: WorldFlow, sent: number, received: number): void {
    this.write(this.names.guestAt(flow.from), { event: 'end', ...this.wordsOf(flow), sent, received });
  }

  /** A guest's packet went no further: a rule refused it. */
  refused(pkt: PacketBuffer, guest: string, rule: string): void {
    this.write(guest, { event: 'refuse', ...this.packetWords(pkt), rule });
  }

  /** What a rule's LOG or NFLOG target says of a packet; what the tracker says of itself has neither packet nor rule. */
  logged(words: { readonly text: string; readonly group?: number }, pkt?: PacketBuffer, rule?: string): void {
    if (pkt === undefined) return this.write(undefined, { event: 'log', ...words });
    const guest = this.names.guestAt(sourceOf(pkt));
    this.write(guest, { event: 'log', ...this.packetWords(pkt), rule, ...words });
  }

  private packetWords(pkt: PacketBuffer) {
    const isKnown = pkt.proto === IPPROTO_TCP || pkt.proto === IPPROTO_UDP;
    const protocol = isKnown ? (pkt.proto === IPPROTO_TCP ? 'tcp' : 'udp') : pkt.proto;
    const to = formatIp(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    const name = this.names.nameOf(to);
    return { protocol, from: place(sourceOf(pkt), pkt.sport), to: place(to, pkt.dport), name };
  }

  /** A guest asked for a name. */
  lookedUp(address: string, name: string, isAllowed: boolean): void {
    this.write(this.names.guestAt(address), { event: 'lookup', name, allowed: isAllowed });
  }

  linked(guest: string, isUp: boolean): void {
    this.write(guest, { event: 'link', up: isUp });
  }

  /** A frame that a guest may not send. */
  offended(guest: string, offence: string): void {
    this.write(guest, { event: 'offence', offence });
  }

  private wordsOf({ protocol, from, fromPort, to, toPort, rule }: WorldFlow) {
    const name = this.names.nameOf(to);
    return { protocol, from: place(from, fromPort), to: place(to, toPort), name, rule };
  }

  private write(guest: string | undefined, entry: AuditEntry): void {
    const key = guest ?? '';
    const second = Math.floor(this.clock.now / US_PER_SECOND);
    let budget = this.budgets.get(key);
    if (budget === undefined) this.budgets.set(key, (budget = { second, lines: 0, suppressed: 0 }));
    if (budget.second !== second) {
      budget.second = second;
      budget.lines = 0;
    }
    if (budget.lines >= LINES_A_SECOND) {
      budget.suppressed++;
      return;
    }
    budget.lines++;
    const { event, ...rest } = entry;
    const suppressed = budget.suppressed > 0 ? { suppressed: budget.suppressed } : {};
    budget.suppressed = 0;
    this.log.write(this.clock.now, { event, guest, ...rest, ...suppressed });
  }
}

function sourceOf({ family, src0, src1, src2, src3 }: PacketBuffer): string {
  return formatIp(family, src0, src1, src2, src3);
}

function place(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
