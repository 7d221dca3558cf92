/** `ping`: echo requests, one a second (iputils' ping, as far as one line an answer goes). */
import { parseIp4, formatIp4 } from '../../wire/address.ts';
import * as build from '../../wire/build.ts';
import { readU16 } from '../../wire/bytes.ts';
import * as icmp from '../../wire/icmp.ts';
import { HEAD_ROOM } from '../../stack/index.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import { describePacket } from '../../wire/describe.ts';
import type { Lab } from '../lab.ts';
import type { LabHost } from '../lab-host.ts';
import { UsageMistake, type CommandResult, type LabCommand } from './command.ts';

const PAYLOAD_BYTES = 56;
const INTERVAL_US = 1_000_000;
const MOST_REQUESTS = 1000;
const NO_ADDRESS = new Int32Array(4);

export const ping: LabCommand = {
  name: 'ping',
  usage: 'ping [-c COUNT] ADDRESS',
  about: 'Sends echo requests, one a second, and waits for the answers.',
  values: ['sent', 'replies', 'errors'],
  start(lab, node, args) {
    const { count, address } = readWords(args);
    const run = new Ping(lab, lab.host(node), address);
    for (let n = 0; n < count; n++) run.send(n + 1, lab.clock.now + n * INTERVAL_US);
    return run;
  },
};

function readWords(args: readonly string[]): { count: number; address: number } {
  let count = 1;
  let words = args;
  if (words[0] === '-c') {
    count = Number(words[1]);
    words = words.slice(2);
  }
  if (!Number.isInteger(count) || count < 1 || count > MOST_REQUESTS)
    throw new UsageMistake('-c takes a number from 1 to 1000');
  const address = words.length === 1 ? parseIp4(words[0]!) : undefined;
  if (address === undefined) throw new UsageMistake('an IPv4 address is missing');
  return { count, address };
}

/** Pings in one lab have identifiers of their own. */
const identifiers = new WeakMap<Lab, number>();

class Ping {
  private readonly lab: Lab;
  private readonly host: LabHost;
  private readonly address: number;
  private readonly id: number;
  private readonly sentAt = new Map<number, number>();
  private readonly output: string[] = [];
  private replies = 0;
  private errors = 0;

  constructor(lab: Lab, host: LabHost, address: number) {
    this.lab = lab;
    this.host = host;
    this.address = address;
    this.id = (identifiers.get(lab) ?? 0) + 1;
    identifiers.set(lab, this.id);
    host.icmpListeners.add(this.hear);
  }

  send(sequence: number, at: number): void {
    this.lab.clock.at(at, () => {
      this.sentAt.set(sequence, this.lab.clock.now);
      const datagram = this.request(sequence);
      const memory = new Uint8Array(HEAD_ROOM + datagram.length);
      memory.set(datagram, HEAD_ROOM);
      this.host.gateway.host.send(new PacketBuffer(memory, HEAD_ROOM), false);
    });
  }

  private request(sequence: number): Uint8Array {
    const remote = Int32Array.of(this.address, 0, 0, 0);
    const probe = { family: 4 as const, local: NO_ADDRESS, localPort: 0, remote, remotePort: 0 };
    const source = this.host.gateway.host.wayTo(probe, undefined)?.source ?? NO_ADDRESS;
    const payload = Uint8Array.from({ length: PAYLOAD_BYTES }, (_, i) => i);
    return build.frame(
      build.ipv4({ src: formatIp4(source[0]!), dst: formatIp4(this.address), ttl: 64, id: sequence }),
      build.icmp({ type: icmp.ECHO_REQUEST, id: this.id, sequence }),
      build.data(payload),
    );
  }

  private readonly hear = (pkt: PacketBuffer): void => {
    const { bytes, l3, l4, l3End } = pkt;
    const type = icmp.type(bytes, l4);
    if (type !== icmp.ECHO_REPLY) {
      this.errors++;
      this.output.push(`From ${formatIp4(pkt.src0)}: ${describePacket(bytes, l3, l3End)}`);
      return;
    }
    if (readU16(bytes, l4 + 4) !== this.id) return;
    const sequence = readU16(bytes, l4 + 6);
    const sentAt = this.sentAt.get(sequence);
    if (sentAt === undefined) return;
    this.replies++;
    const ms = ((this.lab.clock.now - sentAt) / 1000).toFixed(3);
    this.output.push(
      `${l3End - l4} bytes from ${formatIp4(pkt.src0)}: icmp_seq=${sequence} ttl=${bytes[l3 + 8]!} time=${ms} ms`,
    );
  };

  finish(): CommandResult {
    this.host.icmpListeners.delete(this.hear);
    const sent = this.sentAt.size;
    return {
      output: [...this.output, `${sent} packets transmitted, ${this.replies} received`],
      values: { sent, replies: this.replies, errors: this.errors },
    };
  }
}
