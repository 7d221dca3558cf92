/** Floods, nonsense and limits: whatever comes, nothing is thrown, and memory stays bounded. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Hook } from '../../src/netfilter/hook.ts';
import { Verdict } from '../../src/netfilter/verdict.ts';
import { DropReason } from '../../src/netfilter/drop-reason.ts';
import { address, ethernet, ipv4Packet, mac, u16, udp } from './make.ts';
import { makeRig, runScenario, type Rig } from './run.ts';
import { G0, GATEWAY, H0, SCENARIOS } from './scenarios/index.ts';

function tracked(rig: Rig): Rig {
  rig.host.filter = {
    run: (hook, pkt) => (hook === Hook.PREROUTING ? rig.host.defragment(pkt, hook, 0) : Verdict.ACCEPT),
    confirm: () => Verdict.ACCEPT,
    leaves: () => {},
    interfaceLost: () => {},
  };
  return rig;
}

const FRAMES = SCENARIOS.flatMap(({ steps }) => steps).flatMap((step) =>
  'frame' in step ? [step.frame] : [],
);

describe('stack: hostile input', () => {
  it('any bytes as a frame are survived', () => {
    const rig = tracked(makeRig(GATEWAY));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(0x0800, 0x86dd, 0x0806, 0x8100),
        (bytes, type) => {
          rig.receive('eth0', bytes);
          rig.receive('eth0', Uint8Array.from([...mac(G0), ...mac(H0), ...u16(type), ...bytes]));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('every scenario frame is survived with any few bytes changed, cut and lengthened', () => {
    const rig = tracked(
      makeRig({
        ...GATEWAY,
        sysctl: { 'net.ipv4.conf.all.accept_source_route': 1, 'net.ipv4.conf.eth0.accept_source_route': 1 },
      }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...FRAMES),
        fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 }),
        fc.nat(80),
        (frame, changes, cut) => {
          const bytes = Uint8Array.from(frame.subarray(0, Math.max(0, frame.length - (cut > 60 ? cut : 0))));
          for (const [at, value] of changes) if (at + 14 < bytes.length) bytes[at + 14] = value;
          if (bytes.length > 34 && bytes[12] === 8 && bytes[13] === 0) fixChecksum(bytes);
          rig.receive('eth0', bytes);
        },
      ),
      { numRuns: 3000 },
    );
    rig.clock.advanceTo(rig.clock.now + 100_000_000);
    assert.equal(rig.host.fragments.table4.size + rig.host.fragments.table6.size, 0);
    assert.equal(rig.host.fragments.table4.memory + rig.host.fragments.table6.memory, 0);
  });

  it('L3-5: incomplete fragments take no more memory than ipfrag_high_thresh', () => {
    const rig = tracked(makeRig(GATEWAY));
    for (let id = 0; id < 20_000; id++) {
      const from = `10.254.${id >> 8}.${id & 255}`;
      const bytes = [
        ...ipv4Packet({ from, to: '192.0.2.7' }, 17, [1, 2, 3, 4, 5, 6, 7, 8], { id: id & 0xffff }),
      ];
      bytes[6] = 0x20;
      const frame = ethernet(G0, H0, bytes);
      fixChecksum(frame);
      rig.receive('eth0', frame);
    }
    const { table4 } = rig.host.fragments;
    assert.ok(table4.memory <= 4194304 + 2048, `${table4.memory} bytes`);
    assert.ok(rig.host.dropCounts[DropReason.FRAGMENT_MEMORY]! > 0);
    rig.clock.advanceTo(rig.clock.now + 31_000_000);
    assert.equal(table4.size, 0);
    assert.equal(table4.memory, 0);
  });

  it('L2-7: thousands of senders leave no more than gc_thresh3 neighbours', () => {
    const rig = makeRig({
      ...GATEWAY,
      interfaces: { eth0: { mac: G0, addresses: ['10.254.0.1/8'] }, eth1: GATEWAY.interfaces.eth1 },
    });
    const before = rig.host.neighbours4.size;
    for (let i = 0; i < 5000; i++) {
      const sender = `10.1.${i >> 8}.${i & 255}`;
      const body = [
        ...u16(1),
        ...u16(0x800),
        6,
        4,
        ...u16(1),
        ...mac(H0),
        ...address(sender),
        0,
        0,
        0,
        0,
        0,
        0,
        ...address('10.254.0.1'),
      ];
      rig.receive('eth0', Uint8Array.from([...mac('ff:ff:ff:ff:ff:ff'), ...mac(H0), ...u16(0x806), ...body]));
    }
    assert.ok(rig.host.neighbours4.size <= before + 1024, `${rig.host.neighbours4.size}`);
  });

  it('L3-13: a packet that loops ends by its time to live', () => {
    const rig = makeRig(GATEWAY);
    let frame = ethernet(G0, H0, udp({ from: '10.254.0.2', to: '192.0.2.7' }, 1, 2, []));
    let hops = 0;
    for (; hops < 300; hops++) {
      rig.receive('eth0', frame);
      const [out] = rig.take();
      if (out === undefined || !out.startsWith('eth1')) break;
      frame = Uint8Array.from(Buffer.from(out.slice(5), 'hex'));
      frame.set(mac(G0), 0);
    }
    assert.equal(hops, 63);
  });

  it('the queue for a next hop that does not answer is bounded, and its oldest packet goes first', () => {
    const rig = makeRig({ ...GATEWAY, sysctl: { 'net.ipv4.neigh.default.unres_qlen_bytes': 3000 } });
    for (let i = 0; i < 10; i++)
      rig.receive('eth0', ethernet(G0, H0, udp({ from: '10.254.0.2', to: '10.253.0.99' }, i, 2, [])));
    assert.equal(rig.host.dropCounts[DropReason.NEIGHBOUR_QUEUE_FULL], 7);
  });

  it('errors to one receiver are limited to a burst of six, then one a second', () => {
    const rig = makeRig(GATEWAY);
    const send = () => {
      rig.receive(
        'eth0',
        ethernet(G0, H0, udp({ from: '10.254.0.2', to: '192.0.2.7' }, 1, 2, [], { ttl: 1 })),
      );
      return rig.take().length;
    };
    const burst = Array.from({ length: 20 }, send).reduce((a, b) => a + b);
    assert.equal(burst, 6);
    rig.clock.advanceTo(rig.clock.now + 1_000_000);
    assert.equal(send() + send(), 1);
  });

  it('the same input and seed give the same frames', () => {
    for (const scenario of SCENARIOS.slice(0, 60))
      assert.deepEqual(runScenario(scenario), runScenario(scenario));
  });
});

function fixChecksum(frame: Uint8Array): void {
  const end = 14 + (frame[14]! & 15) * 4;
  if (end > frame.length || end < 34) return;
  frame[24] = 0;
  frame[25] = 0;
  let sum = 0;
  for (let i = 14; i < end; i += 2) sum += (frame[i]! << 8) | frame[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  frame[24] = (~sum >>> 8) & 255;
  frame[25] = ~sum & 255;
}
