/**
 * Helpers (application-level gateways) as connection tracking knows them: a name, the packets they are for, how much they
 * may announce, and a function that is fed each packet of a connection at the end of its way. The helpers themselves
 * are src/alg.
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Family } from '../hook.ts';
import type { Tuple } from './tuple.ts';

export interface ExpectPolicy {
  readonly name: string;
  /** Expectations of a master at a time, 0 for no limit. */
  readonly maxExpected: number;
  readonly timeoutUs: number;
}

export interface CtHelper {
  /** As `-j CT --helper` names it. */
  readonly name: string;
  readonly family: Family;
  readonly proto: number;
  /** Usual port in host order: where nf_conntrack_helper attaches it by itself. 0 for none. */
  readonly port: number;
  /** By class; class 0 is there always. */
  readonly policies: readonly ExpectPolicy[];
  /** A packet of a connection that has this helper; returns a Verdict. Runs before the packet is confirmed. */
  help(pkt: PacketBuffer, entry: number, ctInfo: number): number;
  /** The connection went: what is kept of it can go too. */
  forget?(entry: number): void;
}

export class Helpers {
  private known: CtHelper[] = [];
  private readonly attached = new Map<number, CtHelper>();

  /** From now on this is the helper of its name; connections that have another by that name keep it. */
  register(helper: CtHelper): void {
    const { name, family, proto } = helper;
    this.known = this.known.filter((h) => h.name !== name || h.family !== family || h.proto !== proto);
    this.known.push(helper);
  }

  find(name: string, family: number, proto: number): CtHelper | null {
    return this.known.find((h) => h.name === name && h.family === family && h.proto === proto) ?? null;
  }

  /** The helper whose usual port the connection goes to. */
  findFor(original: Tuple): CtHelper | null {
    return (
      this.known.find(
        (h) =>
          h.port !== 0 &&
          h.port === original.dstId &&
          h.proto === original.proto &&
          h.family === original.family,
      ) ?? null
    );
  }

  attach(entry: number, helper: CtHelper): void {
    this.attached.set(entry, helper);
  }

  detach(entry: number): void {
    if (this.attached.size === 0) return;
    const helper = this.attached.get(entry);
    if (helper === undefined) return;
    this.attached.delete(entry);
    helper.forget?.(entry);
  }

  of(entry: number): CtHelper | null {
    return this.attached.size === 0 ? null : (this.attached.get(entry) ?? null);
  }
}
