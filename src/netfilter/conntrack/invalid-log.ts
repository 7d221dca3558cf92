/**
 * The log of INVALID packets (net.netfilter.nf_conntrack_log_invalid), in the kernel's words: the prefix
 * `nf_ct_proto_6: … ` and then the packet as the LOG target prints it. Callers ask `wants` before they build a text.
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Hook } from '../hook.ts';
import type { LogSink } from '../log.ts';
import type { Settings } from './settings.ts';
import type { Connections } from './connections.ts';

/** Prints a packet as LOG does, from `IN=` on. */
export type PacketPrinter = (pkt: PacketBuffer, hook: Hook) => string;

/** KERN_NOTICE: what nf_log uses for the tracker's own lines. */
const LEVEL_NOTICE = 5;
const ALL_PROTOCOLS = 255;

export class InvalidLog {
  private readonly sink: LogSink;
  private readonly settings: Settings;
  private readonly connections: Connections;
  printer: PacketPrinter;

  constructor(sink: LogSink, settings: Settings, connections: Connections, printer: PacketPrinter) {
    this.sink = sink;
    this.settings = settings;
    this.connections = connections;
    this.printer = printer;
  }

  wants(proto: number): boolean {
    const { logInvalid } = this.settings;
    return logInvalid !== 0 && (logInvalid === proto || logInvalid === ALL_PROTOCOLS) && this.sink.wanted;
  }

  write(pkt: PacketBuffer, hook: Hook, proto: number, message: string): void {
    this.sink.line({
      time: this.connections.now,
      level: LEVEL_NOTICE,
      text: `nf_ct_proto_${proto}: ${message} ${this.printer(pkt, hook)}`,
      cause: pkt.cause,
    });
  }
}
