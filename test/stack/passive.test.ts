/**
 * A passive host (HostEnv.passive): what it would answer by itself is left unsaid, since another host's answers stand for
 * its own; what its rules answer is said. And segments that a network card had yet to cut, on their way through a host.
 */
import assert from 'node:assert/strict';
import { SeededRng } from '../../src/base/rng.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { DropReason, dropReasonName } from '../../src/netfilter/drop-reason.ts';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import { parseHostConfig } from '../../src/stack/config.ts';
import { Gateway } from '../../src/stack/gateway.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import { echo, ethernet, icmp, tcp, udp } from '../../src/conform/frames.ts';

const MAC = '02:00:00:00:00:01';
const CONFIG = {
  interfaces: {
    eth0: { mac: MAC, addresses: ['10.0.0.1/24', 'fd00::1/64'] },
    eth1: { addresses: ['10.0.1.1/24', 'fd01::1/64'] },
  },
  neighbours: 'assume',
};

function make(passive: boolean, rules?: string) {
  const sent: string[] = [];
  const clock = new VirtualClock(1e15);
  const gateway = new Gateway(parseHostConfig(CONFIG), {
    clock,
    rng: new SeededRng(1),
    log: { wanted: false, line: () => {} },
    sink: { frame: (device) => sent.push(device.name) },
    passive,
  });
  if (rules !== undefined) gateway.load(parseRestore(rules, { family: 4, file: 'rules' }));
  const { host } = gateway;
  return {
    sent,
    host,
    clock,
    receive(packet: readonly number[], gsoSize = 0): PacketBuffer {
      const frame = ethernet(MAC, '02:00:00:00:01:01', packet);
      const pkt = new PacketBuffer(frame);
      pkt.gsoSize = gsoSize;
      host.receive(host.devices.named('eth0')!, pkt);
      return pkt;
    },
  };
}

const V4 = { from: '10.0.0.2', to: '10.0.0.1' };
const V6 = { from: 'fd00::2', to: 'fd00::1' };
const QUESTIONS: Readonly<Record<string, readonly number[]>> = {
  'an echo request': echo(V4, false, 1, 1, [1, 2]),
  'an ICMPv6 echo request': echo(V6, false, 1, 1, [1, 2]),
  'a datagram for a closed port': udp(V4, 1, 2, [3]),
  'a datagram for a closed port, IPv6': udp(V6, 1, 2, [3]),
  'a SYN for a closed port': tcp(V4, { sport: 1, dport: 2, seq: 1, flags: 'S' }),
  'a SYN for a closed port, IPv6': tcp(V6, { sport: 1, dport: 2, seq: 1, flags: 'S' }),
  'a timestamp request': icmp(V4, 13, 0, [0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
};

describe('stack: a passive host', () => {
  for (const [name, packet] of Object.entries(QUESTIONS)) {
    it(`${name} is delivered and not answered; any other host answers it`, () => {
      const passive = make(true);
      assert.equal(dropReasonName(passive.receive(packet).dropReason), 'NONE');
      assert.deepEqual([passive.sent, passive.host.delivered], [[], 1]);
      const active = make(false);
      active.receive(packet);
      assert.deepEqual(active.sent, ['eth0']);
    });
  }

  it('REJECT answers: that is the rules speaking', () => {
    const passive = make(true, '*filter\n-A INPUT -p udp -j REJECT\nCOMMIT\n');
    assert.equal(passive.receive(udp(V4, 1, 2, [3])).dropReason, DropReason.RULE);
    assert.deepEqual(passive.sent, ['eth0']);
  });

  it('a reassembly that is given up is not told of', () => {
    const first = udp(V4, 1, 2, [3, 4, 5, 6, 7, 8, 9, 10]);
    first[6] = 0x20; // more fragments
    first[10] = first[11] = 0;
    const sum = first.slice(0, 20).reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0);
    const folded = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
    first[10] = folded >>> 8;
    first[11] = folded & 0xff;
    for (const isPassive of [true, false]) {
      const one = make(isPassive);
      one.receive(first);
      one.clock.advanceTo(1e15 + 60e6);
      assert.equal(one.host.dropCounts[DropReason.FRAGMENT_TIMEOUT], 1);
      assert.deepEqual(one.sent, isPassive ? [] : ['eth0']);
    }
  });
});

describe('stack: segments that a network card had yet to cut (gso_size)', () => {
  const big = (from: string, to: string) =>
    tcp(
      { from, to },
      { sport: 1, dport: 2, seq: 1, flags: 'A', payload: new Uint8Array(5000) },
      { dontFragment: true },
    );

  for (const [from, to] of [
    ['10.0.0.2', '10.0.1.2'],
    ['fd00::2', 'fd01::2'],
  ] as const) {
    it(`${from} to ${to}: pass whole when the pieces fit, and are refused when they do not`, () => {
      const fits = make(false);
      assert.equal(dropReasonName(fits.receive(big(from, to), 1400).dropReason), 'NONE');
      assert.deepEqual(fits.sent, ['eth1']);
      const tooLarge = make(false);
      assert.equal(dropReasonName(tooLarge.receive(big(from, to), 1470).dropReason), 'TOO_BIG');
      assert.deepEqual(tooLarge.sent, ['eth0']);
      const unmarked = make(false);
      assert.equal(dropReasonName(unmarked.receive(big(from, to)).dropReason), 'FRAME_TOO_LONG');
    });
  }
});
