/**
 * `-j CLUSTERIP`: several nodes share one address and all see its packets; the one that a hash chooses takes them. Linux:
 * ipt_CLUSTERIP (until it went, in 6.x). The answers to ARP with the shared MAC address are not made here.
 */
import { CtInfo } from '../conntrack/ct-info.ts';
import type { ConntrackView } from '../conntrack/view.ts';
import { defineTarget, type InfoOf, type TargetAction, type ValueType } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { Hook } from '../hook.ts';
import { jenkins1, jenkins2, jenkins3, scale } from '../nat/jenkins.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, macAddress, uint } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { readU16 } from '../../wire/bytes.ts';
import { IPPROTO_ICMP } from '../../wire/ip-protocol.ts';
import { PacketType, type PacketBuffer } from '../../wire/packet-buffer.ts';
import { portsOffset } from '../matches/ports-offset.ts';

const MOST_NODES = 16;
const MODES = ['sourceip', 'sourceip-sourceport', 'sourceip-sourceport-destport'] as const;
type Mode = (typeof MODES)[number];

class ClusteripAction implements TargetAction {
  private readonly conntrack: ConntrackView;
  private readonly mode: Mode;
  private readonly nodes: number;
  private readonly node: number;
  private readonly seed: number;

  constructor(info: Info, conntrack: ConntrackView) {
    this.conntrack = conntrack;
    this.mode = info.hashmode!.value;
    this.nodes = info.total!.value;
    this.node = info.local!.value;
    this.seed = info.seed?.value ?? 0;
  }

  run(pkt: PacketBuffer): number {
    if (pkt.ct <= 0) return refuse(pkt);
    const isRelated = pkt.ctInfo === CtInfo.RELATED || pkt.ctInfo === CtInfo.RELATED_REPLY;
    if (pkt.proto === IPPROTO_ICMP && isRelated) return Verdict.CONTINUE;
    const node = this.nodeOf(pkt);
    if (pkt.ctInfo === CtInfo.NEW) this.conntrack.mark[pkt.ct] = node;
    if (node !== this.node) return refuse(pkt);
    pkt.packetType = PacketType.HOST;
    return Verdict.CONTINUE;
  }

  /** From 1 up. */
  private nodeOf(pkt: PacketBuffer): number {
    const at = pkt.l4 + portsOffset(pkt.proto);
    const hasPorts = at >= pkt.l4 && at + 4 <= pkt.l3End;
    const sport = hasPorts ? readU16(pkt.bytes, at) : 0;
    const dport = hasPorts ? readU16(pkt.bytes, at + 2) : 0;
    const hash =
      this.mode === 'sourceip'
        ? jenkins1(pkt.src0, this.seed)
        : this.mode === 'sourceip-sourceport'
          ? jenkins2(pkt.src0, sport, this.seed)
          : jenkins3(pkt.src0, sport, dport, this.seed);
    return scale(hash, this.nodes) + 1;
  }
}

function refuse(pkt: PacketBuffer): number {
  pkt.dropReason = DropReason.RULE;
  return Verdict.DROP;
}

const mode: ValueType<Mode> = {
  label: MODES.join('|'),
  parse(words) {
    const found = MODES.find((name) => name === words[0]);
    if (found === undefined) throw new ValueError(`Unknown hashmode "${words[0]!}"`);
    return found;
  },
  print: (value) => value,
};

const clusterMac: ValueType<Uint8Array> = {
  ...macAddress,
  parse(words, use) {
    const mac = macAddress.parse(words, use);
    if ((mac[0]! & 1) === 0) throw new ValueError('MAC has to be a multicast ethernet address');
    return mac;
  },
  print: (value) => macAddress.print(value, 4).toUpperCase(),
};

const node = (name: string, about: string) => ({ value: uint(0, MOST_NODES), name, about }) as const;

const options = {
  new: { value: flag, about: 'the first rule of the shared address: what follows is given' },
  hashmode: { value: mode, about: 'what the hash is made of' },
  mac: { value: clusterMac, name: 'clustermac', about: 'the MAC address that the nodes share' },
  total: node('total-nodes', 'how many nodes there are'),
  local: node('local-node', 'the number of this one'),
  seed: { value: uint(0, 0xffff_ffff), name: 'hash-init', about: 'what the hash begins with' },
} as const;

type Info = InfoOf<typeof options>;

export const clusterip = defineTarget({
  name: 'CLUSTERIP',
  about: 'takes only the packets that are for this node of a cluster',
  families: [4],
  hooks: [Hook.INPUT],
  needsConntrack: true,
  options,
  check(info) {
    const needed = [info.new, info.hashmode, info.mac, info.total, info.local];
    const given = needed.filter((one) => one !== undefined).length;
    if (given !== 0 && given !== needed.length)
      throw new ValueError('CLUSTERIP target: Invalid parameter combination');
    // Without --new the rule joins another one, and there is none.
    if (given === 0) throw new ValueError('No chain/target/match by that name', 'REFUSED');
    const local = info.local!.value;
    if (local === 0 || local > info.total!.value) throw new ValueError('Invalid argument', 'REFUSED');
  },
  save: (info) =>
    `--new --hashmode ${info.hashmode!.value} --clustermac ${clusterMac.print(info.mac!.value, 4)} ` +
    `--total-nodes ${info.total!.value} --local-node ${info.local!.value} --hash-init ${info.seed?.value ?? 0}`,
  list: (info) =>
    `CLUSTERIP hashmode=${info.hashmode!.value} clustermac=${clusterMac.print(info.mac!.value, 4)} ` +
    `total_nodes=${info.total!.value} local_node=${info.local!.value} hash_init=${info.seed?.value ?? 0}`,
  create: (info, { conntrack }) => new ClusteripAction(info, conntrack),
});
