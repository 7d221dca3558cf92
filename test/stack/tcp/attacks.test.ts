/** What will be sent at a host on purpose (the lines L3 and L4 of the list of attacks): nothing is thrown, nothing grows without end. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { intoDevice, type FrameTaker } from '../../../src/stack/link/index.ts';
import { TcpState, type Connection } from '../../../src/stack/tcp/index.ts';
import { data, ethernet, frame, icmp, ipv4, tcp, type Layer } from '../../../src/wire/build.ts';
import { ACK, FIN, PSH, RST, SYN, URG } from '../../../src/wire/tcp.ts';
import { mssOption, sackOption, timestampsOption, windowScaleOption } from '../../../src/wire/tcp-options.ts';
import { Net, SECOND, sink, source } from './net.ts';

/** A connection of B's, and a way to send it whatever one likes as if it came from A. */
class Attack {
  readonly net: Net;
  readonly victim: Connection;
  readonly peer: Connection;
  private readonly inject: FrameTaker;

  constructor(sysctl: Readonly<Record<string, number>> = {}) {
    this.net = new Net({ sysctl });
    const { client, server } = this.net.established();
    this.peer = client;
    this.victim = server;
    this.inject = intoDevice(this.net.b.host, this.net.b.host.devices.named('eth0')!);
    this.net.takeSegments();
  }

  frame(...layers: readonly Layer[]): void {
    const bytes = frame(
      ethernet({ dst: '02:00:00:00:00:02', src: '02:00:00:00:00:01' }),
      ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }),
      ...layers,
    );
    const room = new Uint8Array(64 + bytes.length);
    room.set(bytes, 64);
    this.inject(room, 64, room.length);
  }

  /** A segment at distances from what the victim expects. */
  segment(flags: number, seq = 0, ack = 0, bytes = 0, more: Parameters<typeof tcp>[0] = {}): void {
    const { victim } = this;
    this.frame(
      tcp({
        srcPort: victim.remotePort,
        dstPort: victim.localPort,
        seq: (victim.received.next + seq) >>> 0,
        ack: (victim.sndNxt + ack) >>> 0,
        flags,
        window: 1000,
        ...more,
      }),
      data(new Uint8Array(bytes).fill(0x61)),
    );
  }

  /** With the timestamps that the victim would take. */
  get timestamps() {
    return timestampsOption(this.victim.tsRecent, this.net.b.timestamp(this.victim));
  }

  /** It still works. */
  checkAlive(): void {
    this.net.checkInvariants();
    assert.equal(this.victim.state, TcpState.ESTABLISHED);
  }
}

describe('tcp: attacks', () => {
  it('L4-6: of resets only the exact one ends the connection; the others are challenged or ignored', () => {
    const attack = new Attack();
    attack.segment(RST, 100_000);
    attack.segment(RST, 5);
    attack.segment(RST, -5);
    attack.checkAlive();
    attack.segment(RST, 0);
    assert.equal(attack.victim.state, TcpState.CLOSED);
  });

  it('L4-6: challenges are limited for each connection and for the host', () => {
    const attack = new Attack();
    for (let i = 0; i < 1000; i++) attack.segment(RST, 5);
    assert.equal(attack.net.b.counters.challengeAcks, 1);
    const host = new Attack({ 'net.ipv4.tcp_challenge_ack_limit': 10, 'net.ipv4.tcp_invalid_ratelimit': 0 });
    for (let i = 0; i < 1000; i++) host.segment(RST, 5);
    assert.ok(host.net.b.counters.challengeAcks >= 5 && host.net.b.counters.challengeAcks <= 15);
  });

  it('L4-8: a SYN on an established connection is challenged', () => {
    const attack = new Attack();
    attack.segment(SYN, 0, 0, 0, { options: [mssOption(1460)] });
    attack.checkAlive();
    assert.equal(attack.net.b.counters.challengeAcks, 1);
  });

  it('L4-9: SACK blocks that are reversed, wrap, overlap or were never sent do no harm', () => {
    const attack = new Attack();
    attack.victim.write(new Uint8Array(20_000));
    const at = (n: number) => (attack.victim.sndUna + n) >>> 0;
    const lists: readonly (readonly (readonly [number, number])[])[] = [
      [[at(5000), at(1000)]],
      [[at(0), at(0)]],
      [[at(1000), at(0x7fffffff)]],
      [[at(-5000), at(-1000)]],
      [[at(0), at(0x80000000)]],
      [
        [at(1), at(2)],
        [at(1), at(5000)],
        [at(3), at(4000)],
      ],
      [[at(100_000), at(200_000)]],
    ];
    for (const blocks of lists) {
      attack.segment(ACK, 0, -20_000, 0, { options: [sackOption(...blocks)] });
      attack.segment(ACK, 0, attack.victim.sndUna - attack.victim.sndNxt, 0, {
        options: [attack.timestamps, sackOption(...blocks)],
      });
      attack.checkAlive();
    }
  });

  it('L4-9: a window that shrinks to nothing, and data behind the window, do no harm', () => {
    const attack = new Attack();
    attack.victim.write(new Uint8Array(20_000));
    attack.segment(ACK, 0, attack.victim.sndUna - attack.victim.sndNxt, 0, {
      window: 0,
      options: [attack.timestamps],
    });
    attack.segment(ACK | PSH, 60_000, 0, 60_000 % 1400, { options: [attack.timestamps] });
    attack.net.run(5, () => attack.net.checkInvariants());
    assert.ok(attack.victim.received.capacity <= 262144);
  });

  it('L4-10: a peer that says it takes one byte gets segments of tcp_min_snd_mss', () => {
    const net = new Net();
    const listener = net.b.listen({ port: 80 });
    const inject = intoDevice(net.b.host, net.b.host.devices.named('eth0')!);
    const send = (flags: number, seq: number, ack: number, mss: number) => {
      const bytes = frame(
        ethernet({ dst: '02:00:00:00:00:02', src: '02:00:00:00:00:01' }),
        ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }),
        tcp({
          srcPort: 1234,
          dstPort: 80,
          seq,
          ack,
          flags,
          window: 60_000,
          options: flags === SYN ? [mssOption(mss)] : [],
        }),
        data(new Uint8Array(0)),
      );
      inject(bytes, 0, bytes.length);
    };
    for (const mss of [0, 1, 8]) {
      send(SYN, 1000, 0, mss);
      const handshake = [...net.b.table.entries()][0]! as unknown as { iss: number };
      send(ACK, 1001, (handshake.iss + 1) >>> 0, 0);
      const c = listener.accept()!;
      assert.equal(c.mss, 48);
      c.write(new Uint8Array(100_000));
      assert.ok(c.flight.count <= 10);
      c.abort();
    }
  });

  it('L4-11: twenty thousand segments of one byte out of order cost bounded memory', () => {
    const attack = new Attack();
    for (let i = 0; i < 20_000; i++) attack.segment(ACK, 2 + 2 * i, 0, 1, { options: [attack.timestamps] });
    attack.checkAlive();
    assert.ok(attack.victim.received.capacity <= 65_536, `${attack.victim.received.capacity} bytes`);
  });

  it('L4-12: urgent pointers that lead anywhere do no harm', () => {
    const attack = new Attack();
    for (const urgentPointer of [0, 1, 2, 100, 65_535]) {
      for (const bytes of [0, 1, 50]) {
        attack.segment(ACK | URG | PSH, 0, 0, bytes, { urgentPointer, options: [attack.timestamps] });
        attack.checkAlive();
        attack.victim.read(new Uint8Array(100));
      }
    }
  });

  it('L4-13: bytes that are sent again with other content stay what they were', () => {
    const attack = new Attack();
    attack.segment(ACK, 10, 0, 10, { options: [attack.timestamps] });
    const again = tcp({
      srcPort: attack.victim.remotePort,
      dstPort: attack.victim.localPort,
      seq: attack.victim.received.next >>> 0,
      ack: attack.victim.sndNxt >>> 0,
      flags: ACK,
      window: 1000,
      options: [attack.timestamps],
    });
    attack.frame(again, data(new Uint8Array(20).fill(0x62)));
    const into = new Uint8Array(20);
    assert.equal(attack.victim.read(into), 20);
    assert.equal(new TextDecoder().decode(into), 'b'.repeat(10) + 'a'.repeat(10));
  });

  it('L4-15: SYN with FIN, SYN with data, and an acknowledgement first open nothing', () => {
    const net = new Net();
    const listener = net.b.listen({ port: 80 });
    const inject = intoDevice(net.b.host, net.b.host.devices.named('eth0')!);
    const send = (flags: number, bytes: number) => {
      const bad = frame(
        ethernet({ dst: '02:00:00:00:00:02', src: '02:00:00:00:00:01' }),
        ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }),
        tcp({ srcPort: 1234, dstPort: 80, seq: 1, ack: 1, flags, window: 1000 }),
        data(new Uint8Array(bytes)),
      );
      inject(bad, 0, bad.length);
    };
    send(SYN | FIN, 0);
    send(ACK, 0);
    send(FIN | ACK, 10);
    send(RST, 0);
    send(0, 0);
    assert.equal(listener.handshakes, 0);
    send(SYN, 100);
    assert.equal(listener.handshakes, 1);
    assert.equal(listener.queue.length, 0);
  });

  it('L3-8: an ICMP error about what we never sent changes nothing', () => {
    const attack = new Attack();
    attack.victim.write(new Uint8Array(1000));
    const quoted = (seqDistance: number, length: number) =>
      frame(
        ipv4({ src: '10.0.0.2', dst: '10.0.0.1' }),
        tcp({
          srcPort: attack.victim.localPort,
          dstPort: attack.victim.remotePort,
          seq: (attack.victim.sndUna + seqDistance) >>> 0,
        }),
      ).slice(0, length);
    for (const length of [0, 8, 20, 24, 28, 40]) {
      attack.frame(icmp({ type: 3, code: 4, rest: 600 }), data(quoted(100_000, length)));
      attack.frame(icmp({ type: 3, code: 3 }), data(quoted(100_000, length)));
    }
    assert.equal(attack.victim.pathMtu, 1500);
    assert.equal(attack.victim.softError, null);
    // Even a true one does not end what is established (RFC 5927, RFC 1122 4.2.3.9).
    attack.frame(icmp({ type: 3, code: 3 }), data(quoted(0, 28)));
    attack.checkAlive();
  });

  it('L3-9: "fragmentation needed" with any MTU leaves a segment size one can live with', () => {
    for (const mtu of [0, 1, 67, 68, 65_535]) {
      const attack = new Attack();
      attack.victim.write(new Uint8Array(1000));
      attack.frame(
        icmp({ type: 3, code: 4, rest: mtu }),
        data(
          frame(
            ipv4({ src: '10.0.0.2', dst: '10.0.0.1' }),
            tcp({
              srcPort: attack.victim.localPort,
              dstPort: attack.victim.remotePort,
              seq: attack.victim.sndUna >>> 0,
            }),
          ).slice(0, 28),
        ),
      );
      assert.ok(attack.victim.mss >= 500, `MTU ${mtu}: segments of ${attack.victim.mss}`);
      attack.checkAlive();
    }
  });

  it('L4-4: a flood of SYNs leaves the host able to serve', () => {
    const net = new Net();
    net.b.listen({
      port: 80,
      backlog: 128,
      onConnection: (listener) => void (listener.accept()!.listener = sink()),
    });
    const inject = intoDevice(net.b.host, net.b.host.devices.named('eth0')!);
    for (let i = 0; i < 20_000; i++) {
      const bytes = frame(
        ethernet({ dst: '02:00:00:00:00:02', src: '02:00:00:00:00:01' }),
        ipv4({ src: `10.0.${1 + (i >> 8)}.${i & 0xff}`, dst: '10.0.0.2' }),
        tcp({
          srcPort: 1024 + (i & 0x7fff),
          dstPort: 80,
          seq: i,
          flags: SYN,
          options: [mssOption(1460), windowScaleOption(7)],
        }),
      );
      inject(bytes, 0, bytes.length);
    }
    assert.ok(net.b.table.size <= 128, `${net.b.table.size} entries`);
    const client = source(10_000);
    net.a.connect({ family: 4, remote: net.remote('b'), remotePort: 80 }, client);
    net.run(5);
    assert.equal(client.sent, 10_000);
  });

  it('data behind a FIN is not taken', () => {
    const attack = new Attack();
    attack.segment(ACK | FIN, 0, 0, 0, { options: [attack.timestamps] });
    assert.equal(attack.victim.state, TcpState.CLOSE_WAIT);
    for (const distance of [0, 1, 400])
      attack.segment(ACK | PSH, distance, 0, 1000, { options: [attack.timestamps] });
    assert.equal(attack.victim.unread, 0);
    assert.equal(attack.net.b.memory.inUse, 0);
  });

  it('any segments whatever leave the invariants standing', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            flags: fc.integer({ min: 0, max: 255 }),
            seq: fc.oneof(fc.integer({ min: -3000, max: 3000 }), fc.integer()),
            ack: fc.oneof(fc.integer({ min: -30_000, max: 100 }), fc.integer()),
            bytes: fc.integer({ min: 0, max: 1460 }),
            window: fc.integer({ min: 0, max: 65_535 }),
            urgentPointer: fc.integer({ min: 0, max: 65_535 }),
            options: fc.uint8Array({ maxLength: 40 }),
            timestamps: fc.boolean(),
            wait: fc.integer({ min: 0, max: 400_000 }),
          }),
          { maxLength: 30 },
        ),
        (segments) => {
          const attack = new Attack();
          attack.victim.write(new Uint8Array(30_000));
          for (const {
            flags,
            seq,
            ack,
            bytes,
            window,
            urgentPointer,
            options,
            timestamps,
            wait,
          } of segments) {
            // Resets at the exact number end it, which is right and tells nothing.
            attack.segment(flags & ~RST, seq, ack, bytes, {
              window,
              urgentPointer,
              options: timestamps ? [attack.timestamps] : options,
            });
            attack.net.run(wait / SECOND, () => attack.net.checkInvariants());
            attack.net.checkInvariants();
            attack.victim.read(new Uint8Array(700));
          }
          assert.ok(attack.net.b.memory.inUse < 1 << 20);
        },
      ),
      { numRuns: 150 },
    );
  });
});
