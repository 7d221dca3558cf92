/**
 * Messages of IPv6's own in fragments, as a Linux kernel took them: neighbour discovery does not come in pieces, not even in one
 * that is all of it (RFC 6980); what comes to the host's own groups otherwise is put together and answered.
 */
import assert from 'node:assert/strict';
import { SeededRng, VirtualClock } from '../../src/base/index.ts';
import { Host } from '../../src/stack/host.ts';
import {
  data,
  ethernet,
  extension,
  fragment,
  frame,
  icmpv6,
  ipv6,
  neighbour,
  type Layer,
} from '../../src/wire/build.ts';
import * as icmpv6Room from '../../src/wire/icmpv6.ts';
import { describeFrame } from '../../src/wire/index.ts';
import { IPPROTO_HOPOPTS, IPPROTO_ICMPV6 } from '../../src/wire/ip-protocol.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';

const OUR_MAC = '02:00:00:00:00:01';
const PEER_MAC = '02:00:00:00:00:02';
const PEER = 'fd00::2';
const PEER_ON_LINK = 'fe80::ff:fe00:2';
const ALL_NODES = 'ff02::1';
const WAYS = ['whole', 'atomic', 'pieces'] as const;
type Way = (typeof WAYS)[number];
const HEADERS = 14 + 40;
const CUT = 16;

class Rig {
  readonly sent: string[] = [];
  readonly clock = new VirtualClock(1_700_000_000_000_000);
  readonly host: Host;
  private id = 0;

  constructor(sysctl: Readonly<Record<string, number>> = {}) {
    this.host = Host.fromObject(
      {
        interfaces: { eth0: { mac: OUR_MAC, addresses: ['fd00::1/64'] } },
        neighbours: [{ dev: 'eth0', ip: PEER, mac: PEER_MAC }],
        sysctl: { 'net.ipv6.conf.all.forwarding': 0, ...sysctl },
      },
      {
        clock: this.clock,
        rng: new SeededRng(1),
        sink: {
          frame: (_device, bytes, start, end) => this.sent.push(describeFrame(bytes.slice(start, end))),
        },
      },
    );
  }

  /** Sends a message one way or another; returns what it was answered by within a second. */
  ask(
    way: Way,
    src: string,
    dst: string,
    hopLimit: number,
    message: readonly Layer[],
    isAlert = false,
  ): string {
    const head = [ethernet({ src: PEER_MAC, dst: OUR_MAC }), ipv6({ src, dst, hopLimit })];
    const alert = isAlert ? [extension(IPPROTO_HOPOPTS, Uint8Array.of(5, 2, 0, 0, 1, 0))] : [];
    const body = frame(...head, ...message).subarray(HEADERS);
    const piece = (from: number, to: number) => {
      const more = to < body.length;
      const header = fragment({
        id: this.id,
        fragOffset: from,
        moreFragments: more,
        nextHeader: IPPROTO_ICMPV6,
      });
      return frame(...head, ...alert, header, data(body.slice(from, to)));
    };
    this.id++;
    this.sent.length = 0;
    if (way === 'whole') this.receive(frame(...head, ...alert, ...message));
    else if (way === 'atomic') this.receive(piece(0, body.length));
    else [piece(0, CUT), piece(CUT, body.length)].forEach((bytes) => this.receive(bytes));
    this.clock.advanceTo(this.clock.now + 1_000_000);
    return this.sent.join('\n');
  }

  private receive(bytes: Uint8Array): void {
    this.host.receive(this.host.devices.named('eth0')!, new PacketBuffer(bytes));
  }

  get hasDefaultRoute(): boolean {
    return this.host.routes6.all(254).some(({ length }) => length === 0);
  }
}

const solicitation = neighbour({ target: 'fd00::1', mac: PEER_MAC });
const advertisement = [
  icmpv6({ type: icmpv6Room.ROUTER_ADVERTISEMENT, rest: 0x4000_0708 }),
  data(new Uint8Array(8)),
];
const echo = [icmpv6({ type: icmpv6Room.ECHO_REQUEST, rest: 7 }), data(new Uint8Array(16))];
// A general query, of which MLDv2 has 20 bytes behind the header; answered within 100 ms.
const query = [icmpv6({ type: icmpv6Room.MLD_QUERY, rest: 100 << 16 }), data(new Uint8Array(20))];

describe('IPv6 messages of the link in fragments', () => {
  for (const way of WAYS) {
    it(`${way}: neighbour solicitations and router advertisements are heeded only if they are whole`, () => {
      const rig = new Rig();
      const answer = rig.ask(way, PEER, 'ff02::1:ff00:1', 255, solicitation);
      assert.equal(/neighbor advertisement/.test(answer), way === 'whole');
      rig.ask(way, PEER_ON_LINK, ALL_NODES, 255, advertisement);
      assert.equal(rig.hasDefaultRoute, way === 'whole');
    });

    it(`${way}: they are heeded in pieces, too, where suppress_frag_ndisc is off`, () => {
      const rig = new Rig({ 'net.ipv6.conf.eth0.suppress_frag_ndisc': 0 });
      assert.match(rig.ask(way, PEER, 'ff02::1:ff00:1', 255, solicitation), /neighbor advertisement/);
      rig.ask(way, PEER_ON_LINK, ALL_NODES, 255, advertisement);
      assert.ok(rig.hasDefaultRoute);
    });

    it(`${way}: echo requests to the group of all nodes and MLD queries are answered`, () => {
      const rig = new Rig();
      assert.match(rig.ask(way, PEER, ALL_NODES, 64, echo), /echo reply/);
      assert.match(rig.ask(way, PEER_ON_LINK, ALL_NODES, 1, query, true), /multicast listener report v2/);
    });
  }
});
