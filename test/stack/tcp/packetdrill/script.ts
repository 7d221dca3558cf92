/**
 * What a packetdrill script says (https://github.com/google/packetdrill): options, commands before it begins, and steps in
 * time. reader.ts makes it of text, packet-text.ts its packets; run.ts plays it.
 */

export interface Time {
  /** Microseconds, from the event before when `relative`. */
  readonly us: number;
  readonly relative: boolean;
  /** `*`: whenever it comes. */
  readonly any: boolean;
  /** End of a range (`+.1~+.2`), or of a blocking call (`+.1...0.2`); relative like `us`. */
  readonly endUs: number | undefined;
}

export interface TcpOption {
  readonly kind: 'mss' | 'wscale' | 'sackOK' | 'TS' | 'sack' | 'nop' | 'eol';
  readonly values: readonly number[];
}

/** What a packet's IP header has: of what is undefined, nothing is asked. */
export interface IpSpec {
  readonly ecn: 'noecn' | 'ect0' | 'ect1' | 'ce' | 'ect01' | undefined;
  readonly tos: number | undefined;
  readonly ttl: number | undefined;
}

export interface SegmentSpec {
  readonly protocol: 'tcp';
  readonly ip: IpSpec;
  /** Letters, without AccECN's digits. */
  readonly flags: string;
  readonly seq: number;
  readonly length: number;
  readonly ack: number | undefined;
  readonly window: number | undefined;
  readonly urgent: number | undefined;
  /** Undefined for `<...>`: any. */
  readonly options: readonly TcpOption[] | undefined;
}

export interface DatagramSpec {
  readonly protocol: 'udp';
  readonly ip: IpSpec;
  readonly length: number;
}

export interface IcmpSpec {
  readonly protocol: 'icmp';
  readonly type: string;
  readonly code: string;
  readonly mtu: number;
  /** What it is about: TCP's sequence number, or a datagram. */
  readonly quoted: { readonly protocol: 'tcp' | 'udp'; readonly seq: number };
}

export type PacketSpec = SegmentSpec | DatagramSpec | IcmpSpec;

export interface CallSpec {
  readonly name: string;
  readonly args: readonly string[];
  /** A number, a number of hexadecimal digits, or `...`. */
  readonly result: string;
  readonly errno: string | undefined;
}

export type Event =
  | { readonly kind: 'inbound' | 'outbound'; readonly packet: PacketSpec }
  | { readonly kind: 'call'; readonly call: CallSpec }
  | { readonly kind: 'assert'; readonly code: string }
  | { readonly kind: 'command'; readonly command: string };

export interface Step {
  readonly line: number;
  readonly time: Time;
  readonly event: Event;
}

export interface Script {
  /** Shell commands before the first event. */
  readonly setup: readonly string[];
  /** `--name=value`, without the dashes. */
  readonly options: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

/** A script that is not understood, or asks for what belongs to Linux and not to TCP: refused, neither held nor failed. */
export class ScriptError extends Error {}

/** Cut at the commas that are not within brackets or quotes. */
export function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') isQuoted = !isQuoted;
    if (isQuoted) continue;
    if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c)) depth--;
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = text.slice(start).trim();
  return last === '' && parts.length === 0 ? [] : [...parts, last];
}
