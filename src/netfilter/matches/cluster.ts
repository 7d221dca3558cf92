/**
 * `-m cluster`: this node is the one, out of several that all see the same packets, that is to handle the connection.
 * Linux: xt_cluster. The node is chosen by a hash of the connection's original source; a child goes with its master.
 *
 * iptables 1.8.9 refuses masks above 32, although it prints them; here what is printed is read.
 */
import type { ConntrackView } from '../conntrack/view.ts';
import { Tuple } from '../conntrack/tuple.ts';
import { defineMatch, type InfoOf, type MatchTest, type RuleUse } from '../extension.ts';
import { jenkins1, scale, swap } from '../nat/jenkins.ts';
import { ValueError } from '../syntax/value-error.ts';
import { uint, type Range } from '../syntax/values/index.ts';
import { PacketType, type PacketBuffer } from '../../wire/packet-buffer.ts';

const MAX_NODES = 32;

class ClusterTest implements MatchTest {
  private readonly conntrack: ConntrackView;
  private readonly nodes: number;
  private readonly mask: number;
  private readonly seed: number;
  private readonly not: boolean;
  private readonly scratchTuple = new Tuple();

  constructor(info: Info, conntrack: ConntrackView) {
    this.conntrack = conntrack;
    this.nodes = info.total!.value;
    this.mask = maskOf(info);
    this.seed = info.seed!.value;
    this.not = isInverted(info);
  }

  test(pkt: PacketBuffer): boolean {
    // A frame for the group of nodes is for this host, if the packet in it is not a multicast itself.
    if (pkt.packetType === PacketType.MULTICAST && !isMulticast(pkt)) pkt.packetType = PacketType.HOST;
    if (pkt.ct <= 0) return false;
    const entry = this.conntrack.master(pkt.ct) || pkt.ct;
    const tuple = this.scratchTuple;
    this.conntrack.readTuple(entry, 0, tuple);
    // Of an IPv6 address too only the first word enters the hash.
    const hash = jenkins1(swap(tuple.src0), this.seed);
    return ((this.mask >>> scale(hash, this.nodes)) & 1) === (this.not ? 0 : 1);
  }
}

function isMulticast(pkt: PacketBuffer): boolean {
  return pkt.family === 4 ? pkt.dst0 >>> 28 === 0xe : pkt.dst0 >>> 24 === 0xff;
}

const u32 = uint(0, 0xffff_ffff);

const options = {
  total: {
    value: uint(1, MAX_NODES),
    name: 'cluster-total-nodes',
    required: true,
    about: 'how many nodes there are',
  },
  node: {
    value: uint(1, MAX_NODES),
    name: 'cluster-local-node',
    negate: true,
    group: 'local',
    about: 'the number of this node, from 1',
  },
  mask: {
    value: uint(1, 0xffff_ffff, 'mask'),
    name: 'cluster-local-nodemask',
    negate: true,
    group: 'local',
    about: 'the nodes that this one stands for, as bits',
  },
  seed: { value: u32, name: 'cluster-hash-seed', required: true, about: 'what the hash begins with' },
} as const;

type Info = InfoOf<typeof options>;

const maskOf = (info: Info) =>
  info.mask?.value ?? (info.node === undefined ? 0 : (1 << (info.node.value - 1)) >>> 0);
const isInverted = (info: Info) => (info.mask ?? info.node)!.not;
const hex8 = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;

function check(info: Info, _use: RuleUse): void {
  if ((info.node ?? info.mask) === undefined) {
    throw new ValueError("cluster match: `--cluster-local-node' or`--cluster-local-nodemask' is missing");
  }
  const nodes: Range = { low: 0, high: 2 ** info.total!.value - 1 };
  if (info.node !== undefined && info.node.value > info.total!.value) {
    throw new ValueError("cluster match: `--cluster-local-node' must be <= `--cluster-total-nodes'");
  }
  if (maskOf(info) > nodes.high) {
    throw new ValueError("cluster match: `--cluster-local-nodemask' too big for `--cluster-total-nodes'");
  }
}

export const cluster = defineMatch({
  name: 'cluster',
  about: 'this node of a cluster is to handle the connection',
  needsConntrack: true,
  stateful: true,
  options,
  check,
  save: (info) =>
    `${isInverted(info) ? '! ' : ''}--cluster-local-nodemask ${hex8(maskOf(info))} ` +
    `--cluster-total-nodes ${info.total!.value} --cluster-hash-seed ${hex8(info.seed!.value)}`,
  list: (info) =>
    `cluster ${isInverted(info) ? '!' : ''}node_mask=${hex8(maskOf(info))} ` +
    `total_nodes=${info.total!.value} hash_seed=${hex8(info.seed!.value)}`,
  create: (info, { conntrack }) => new ClusterTest(info, conntrack),
});
