/** What is sent at a gateway's packet filter, connection tracking and translation, and must do no harm (L4). */
import assert from 'node:assert/strict';
import { SeededRng } from '../../src/base/rng.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { DropReason } from '../../src/netfilter/drop-reason.ts';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import { printSave } from '../../src/netfilter/syntax/save.ts';
import { parseHostConfig } from '../../src/stack/config.ts';
import { Gateway } from '../../src/stack/gateway.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import { checksum, ethernet, ipv4Packet, packet, tcp, u16, udp } from './make.ts';
import { PROTOCOL, pseudoHeader } from '../../src/conform/frames.ts';

const GUEST = '10.0.0.2';
const OUTSIDE = '198.51.100.1';
const SERVER = '203.0.113.9';
const MAC = '02:00:00:00:00:01';
const MASQUERADE = '*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n';

class Rig {
  readonly delivered: number[] = [];
  readonly gateway: Gateway;
  private sent: Uint8Array[] = [];

  constructor(rules: string) {
    const config = parseHostConfig({
      interfaces: {
        lan: { mac: MAC, addresses: ['10.0.0.1/24', 'fd00::1/64'] },
        wan: { mac: MAC, addresses: [`${OUTSIDE}/24`, 'fd01::1/64'] },
      },
      neighbours: 'assume',
      routes: [{ to: 'default', via: '198.51.100.254' }],
    });
    this.gateway = new Gateway(config, {
      clock: new VirtualClock(1.7e15),
      rng: new SeededRng(1),
      log: { wanted: false, line: () => {} },
      sink: { frame: (_device, bytes, start, end) => void this.sent.push(bytes.slice(start + 14, end)) },
      hasSocket: () => true,
      deliver: (pkt) => void this.delivered.push(pkt.dport),
    });
    this.gateway.load(parseRestore(rules, { family: 4, file: 'rules' }));
  }

  /** The packets that leave because of one that arrives. */
  receive(device: 'lan' | 'wan', bytes: readonly number[]): Uint8Array[] {
    const pkt = new PacketBuffer(ethernet(MAC, '02:00:00:00:00:09', bytes));
    this.gateway.host.receive(this.gateway.host.devices.named(device)!, pkt);
    this.gateway.netfilter.release(pkt);
    const { sent } = this;
    this.sent = [];
    return sent;
  }

  rules(): string {
    return printSave(this.gateway.netfilter.ruleset(4)!, { counters: true });
  }
}

const portsOf = (bytes: Uint8Array): [number, number] => [
  (bytes[20]! << 8) | bytes[21]!,
  (bytes[22]! << 8) | bytes[23]!,
];

/** 0 where the checksum is right. */
function checksumFault(bytes: Uint8Array): number {
  const segment = [...bytes.subarray(20)];
  const ends = {
    from: [...bytes.subarray(12, 16)].join('.'),
    to: [...bytes.subarray(16, 20)].join('.'),
  };
  return checksum([...pseudoHeader(ends, PROTOCOL.TCP, segment.length), ...segment]);
}

describe('gateway: what is sent at it', () => {
  it('L4-2: options that lie stop the search for the MSS; whatever is rewritten, the checksum is right', () => {
    const rig = new Rig(
      '*mangle\n-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000\nCOMMIT\n',
    );
    for (const [options, expected] of [
      [
        [2, 4, 5, 180],
        [2, 4, 3, 232],
      ],
      // At an odd offset.
      [
        [1, 2, 4, 5, 180, 1, 1, 0],
        [1, 2, 4, 3, 232, 1, 1, 0],
      ],
      // A kind as the last byte, lengths of 0 and 1, one past the end.
      [[1, 1, 1, 2], undefined],
      [[3, 0, 2, 4, 5, 180, 1, 1], undefined],
      [[3, 1, 2, 4, 5, 180, 1, 1], undefined],
      [[1, 1, 2, 9], undefined],
    ] as const) {
      const ends = { from: GUEST, to: SERVER };
      const [out] = rig.receive('lan', tcp(ends, { sport: 4000, dport: 80, seq: 1, flags: 'S', options }));
      assert.ok(out, `it passes: ${options.join()}`);
      assert.equal(checksumFault(out), 0, options.join());
      if (expected !== undefined) assert.deepEqual([...out.subarray(40)], expected);
    }
  });

  it('L4-3: where a target cannot do its work, the drop is final, whatever the next rule says', () => {
    const rig = new Rig(
      '*mangle\n-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000\n-A FORWARD -j ACCEPT\nCOMMIT\n',
    );
    const whole = tcp({ from: GUEST, to: SERVER }, { sport: 4000, dport: 80, seq: 1, flags: 'S' });
    // The header says that it is longer than the packet.
    const segment = whole.slice(20);
    segment[12] = 0xf0;
    assert.deepEqual(rig.receive('lan', ipv4Packet({ from: GUEST, to: SERVER }, 6, segment)), []);
    assert.match(rig.rules(), /^\[0:0\] -A FORWARD -j ACCEPT$/m);
  });

  it('L4-7: a reset and data at a guessed translation change nothing for those who use it', () => {
    const rig = new Rig(MASQUERADE);
    const [guest, server] = [
      { from: GUEST, to: SERVER },
      { from: SERVER, to: OUTSIDE },
    ];
    const [sport, dport] = [4000, 80];
    rig.receive('lan', tcp(guest, { sport, dport, seq: 1000, flags: 'S' }));
    const answer = { sport: dport, dport: sport };
    rig.receive('wan', tcp(server, { ...answer, seq: 5000, ack: 1001, flags: 'SA' }));
    rig.receive('lan', tcp(guest, { sport, dport, seq: 1001, ack: 5001, flags: 'A' }));
    for (const seq of [1, 5001 + 2 ** 30, 2 ** 32 - 1]) {
      rig.receive('wan', tcp(server, { ...answer, seq, flags: 'R' }));
      rig.receive('wan', tcp(server, { ...answer, seq, ack: 77, flags: 'PA', payload: [1, 2] }));
    }
    const own = { ...answer, seq: 5001, ack: 1001, flags: 'PA', payload: [3] };
    const [inward] = rig.receive('wan', tcp(server, own));
    assert.ok(inward, 'the server still gets through');
    assert.equal([...inward.subarray(16, 20)].join('.'), GUEST);
    const [outward] = rig.receive('lan', tcp(guest, { sport, dport, seq: 1001, ack: 5002, flags: 'A' }));
    assert.deepEqual(portsOf(outward!), [sport, dport]);
  });

  it('L4-14: a UDP length below 8 or behind the end is INVALID; without a checksum none is delivered over IPv6', () => {
    const rules = '*filter\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n';
    const rig = new Rig(rules);
    const length = (bytes: number[], value: number) => bytes.splice(24, 2, ...u16(value));
    for (const value of [0, 7, 13, 65535]) {
      const bytes = udp({ from: GUEST, to: SERVER }, 4000, 53, [1, 2, 3, 4]);
      length(bytes, value);
      assert.deepEqual(rig.receive('lan', bytes), [], `length ${value}`);
    }
    assert.match(rig.rules(), /^\[4:\d+\] -A FORWARD .*INVALID/m);
    // Connection tracking asks for no checksum, as Linux's does not; who gets the datagram does (RFC 8200 8.1).
    const bare = [...u16(4000), ...u16(53), ...u16(12), 0, 0, 1, 2, 3, 4];
    rig.receive('lan', packet({ from: 'fd00::2', to: 'fd00::1' }, PROTOCOL.UDP, bare));
    assert.deepEqual(rig.delivered, []);
    rig.receive('lan', udp({ from: 'fd00::2', to: 'fd00::1' }, 4000, 53, [1]));
    assert.deepEqual(rig.delivered, [53]);
  });

  it('L4-17: when the ports of a translation are used up, new flows are dropped and counted, and those that stand go on', () => {
    const rig = new Rig(
      `*nat\n-A POSTROUTING -o wan -p udp -j SNAT --to-source ${OUTSIDE}:5000-5199\nCOMMIT\n`,
    );
    const send = (n: number) =>
      rig.receive(
        'lan',
        udp({ from: `10.0.0.${2 + (n >> 8)}`, to: SERVER }, 20_000 + (n & 255), 53, [n & 255]),
      );
    const ports = new Set<number>();
    let dropped = 0;
    for (let n = 0; n < 1000; n++) {
      const [out] = send(n);
      if (out === undefined) dropped++;
      else ports.add(portsOf(out)[0]);
    }
    assert.ok([...ports].every((port) => port >= 5000 && port < 5200));
    assert.equal(ports.size, 200);
    assert.equal(dropped, 800);
    const counted = rig.gateway.host.dropCounts.reduce((sum, count) => sum + count, 0);
    assert.equal(counted, 800);
    assert.equal(rig.gateway.host.dropCounts[DropReason.RULE], 0);
    assert.equal(send(0).length, 1);
    assert.equal(rig.gateway.conntrack.connections.count, 200);
  });

  it('L4-18: a guest that sends from the port of a service of the gateway does not capture what is sent to it', () => {
    const rig = new Rig(MASQUERADE);
    const [accomplice, client] = ['203.0.113.66', '203.0.113.77'];
    const [out] = rig.receive('lan', udp({ from: GUEST, to: accomplice }, 1194, 40_000, [1]));
    assert.equal(portsOf(out!)[0], 1194, 'the port is free, and kept, as in Linux');
    assert.deepEqual(rig.receive('wan', udp({ from: client, to: OUTSIDE }, 40_000, 1194, [2])), []);
    assert.deepEqual(rig.receive('wan', udp({ from: accomplice, to: OUTSIDE }, 40_001, 1194, [2])), []);
    assert.deepEqual(rig.delivered, [1194, 1194]);
    const [answer] = rig.receive('wan', udp({ from: accomplice, to: OUTSIDE }, 40_000, 1194, [2]));
    assert.equal([...answer!.subarray(16, 20)].join('.'), GUEST, 'only its own answer goes to the guest');
  });
});
