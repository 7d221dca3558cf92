/** `ping`: echo requests, one a second (iputils' ping, as far as one line an answer goes). */
import type { Family } from '../../netfilter/hook.ts';
import { formatIp } from '../../wire/address.ts';
import * as build from '../../wire/build.ts';
import { readU16 } from '../../wire/bytes.ts';
import * as icmp from '../../wire/icmp.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import { HEAD_ROOM } from '../../stack/index.ts';
import { formatAddress, type IpAddress } from '../../stack/address.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import { describePacket } from '../../wire/describe.ts';
import type { Lab } from '../lab.ts';
import type { LabHost } from '../lab-host.ts';
import { UsageMistake, type CommandResult, type LabCommand } from './command.ts';
import { targetOf } from './target.ts';

const PAYLOAD_BYTES = 56;
const INTERVAL_US = 1_000_000;
const MOST_REQUESTS = 1000;
const NO_ADDRESS = new Int32Array(4);

export const ping: LabCommand = {
  name: 'ping',
  usage: 'ping [-4|-6] [-c COUNT] HOST',
  about: 'Sends echo requests, one a second, and waits for the answers. HOST is an address or a name.',
  values: ['sent', 'replies', 'errors'],
  start(lab, node, args) {
    const { count, family, target } = readWords(args);
    const run = new Ping(lab, lab.host(node));
    lab.host(node).resolver.resolve(target, family, ({ addresses: [address], error }) => {
      if (address === undefined) run.say(`ping: ${target}: ${error}`);
      else run.begin(address, count);
    });
    return run;
  },
};

function readWords(args: readonly string[]): { count: number; family: Family; target: string } {
  let count = 1;
  let family: Family = 4;
  const rest = [...args];
  while (rest[0]?.startsWith('-') === true) {
    const option = rest.shift()!;
    if (option === '-c') count = Number(rest.shift());
    else if (option === '-4' || option === '-6') family = option === '-6' ? 6 : 4;
    else throw new UsageMistake(`there is no option ${option}: ${ping.usage}`);
  }
  if (!Number.isInteger(count) || count < 1 || count > MOST_REQUESTS)
    throw new UsageMistake('-c takes a number from 1 to 1000');
  if (rest.length > 1) throw new UsageMistake(`one address or name is meant, not "${rest.join(' ')}"`);
  return { count, family, target: targetOf(rest[0]) };
}

/** Pings in one lab have identifiers of their own. */
const identifiers = new WeakMap<Lab, number>();

class Ping {
  private readonly lab: Lab;
  private readonly host: LabHost;
  private readonly id: number;
  private readonly sentAt = new Map<number, number>();
  private readonly output: string[] = [];
  private address: IpAddress = { family: 4, words: NO_ADDRESS };
  private replies = 0;
  private errors = 0;

  constructor(lab: Lab, host: LabHost) {
    this.lab = lab;
    this.host = host;
    this.id = (identifiers.get(lab) ?? 0) + 1;
    identifiers.set(lab, this.id);
    host.icmpListeners.add(this.hear);
  }

  begin(address: IpAddress, count: number): void {
    this.address = address;
    for (let n = 0; n < count; n++) this.send(n + 1, this.lab.clock.now + n * INTERVAL_US);
  }

  say(line: string): void {
    this.output.push(line);
  }

  private send(sequence: number, at: number): void {
    this.lab.clock.at(at, () => {
      this.sentAt.set(sequence, this.lab.clock.now);
      const datagram = this.request(sequence);
      const memory = new Uint8Array(HEAD_ROOM + datagram.length);
      memory.set(datagram, HEAD_ROOM);
      this.host.gateway.host.send(new PacketBuffer(memory, HEAD_ROOM), false);
    });
  }

  private request(sequence: number): Uint8Array {
    const { family, words: remote } = this.address;
    const source = this.host.gateway.host.wayTo({ family, remote }, undefined)?.source ?? NO_ADDRESS;
    const payload = build.data(Uint8Array.from({ length: PAYLOAD_BYTES }, (_, i) => i));
    const src = formatAddress({ family, words: source });
    const dst = formatAddress(this.address);
    if (family === 6) {
      const message = build.icmpv6({ type: icmpv6.ECHO_REQUEST, id: this.id, sequence });
      return build.frame(build.ipv6({ src, dst, hopLimit: 64 }), message, payload);
    }
    const message = build.icmp({ type: icmp.ECHO_REQUEST, id: this.id, sequence });
    return build.frame(build.ipv4({ src, dst, ttl: 64, id: sequence }), message, payload);
  }

  private readonly hear = (pkt: PacketBuffer): void => {
    const { bytes, l3, l4, l3End } = pkt;
    const from = formatIp(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const isReply = bytes[l4] === (pkt.family === 6 ? icmpv6.ECHO_REPLY : icmp.ECHO_REPLY);
    if (!isReply) {
      this.errors++;
      this.output.push(`From ${from}: ${describePacket(bytes, l3, l3End)}`);
      return;
    }
    if (readU16(bytes, l4 + 4) !== this.id) return;
    const sequence = readU16(bytes, l4 + 6);
    const sentAt = this.sentAt.get(sequence);
    if (sentAt === undefined) return;
    this.replies++;
    const ms = ((this.lab.clock.now - sentAt) / 1000).toFixed(3);
    const ttl = pkt.family === 6 ? ipv6.hopLimit(bytes, l3) : bytes[l3 + 8]!;
    this.output.push(`${l3End - l4} bytes from ${from}: icmp_seq=${sequence} ttl=${ttl} time=${ms} ms`);
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
