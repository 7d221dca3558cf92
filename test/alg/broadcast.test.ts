/** NetBIOS names and SNMP: questions of the host's own to all stations of a network, and SNMP's addresses under NAT. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { tcp, udp } from '../../src/conform/frames.ts';
import { Udp } from '../../src/stack/udp/index.ts';
import { World } from './support.ts';

const rules = (name: string, port: number): string =>
  `*raw\n-A OUTPUT -p udp -m udp --dport ${port} -j CT --helper ${name}\n-A PREROUTING -p udp -m udp --dport ${port} -j CT --helper ${name}\nCOMMIT\n`;

/** The gateway asks every station of its inner network, or another address. */
function ask(name: string, port: number, to = '10.0.0.255'): World {
  const world = new World({ rules: rules(name, port) });
  const socket = new Udp(world.gateway.host).open({ family: 4, port: 4000 });
  socket.mayBroadcast = true;
  const words = to.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);
  socket.send(Uint8Array.of(1, 2, 3), Int32Array.of(words, 0, 0, 0), port);
  return world;
}

describe('questions to all stations', () => {
  for (const [name, port, seconds] of [
    ['netbios-ns', 137, 3],
    ['snmp', 161, 30],
  ] as const) {
    it(`${name}: whoever is in the network may answer, from the port asked, as the kernel lists it`, () => {
      const world = ask(name, port);
      assert.deepEqual(world.gateway.conntrack.listExpectations(4), [
        `${seconds} proto=17 src=10.0.0.255 dst=10.0.0.1 sport=${port} dport=4000 mask-src=255.255.255.0 ` +
          'mask-dst=255.255.255.255 sport=65535 dport=65535 master-src=10.0.0.1 ' +
          `master-dst=10.0.0.255 sport=4000 dport=${port} PERMANENT class=0 helper=${name}`,
      ]);
      for (const from of ['10.0.0.2', '10.0.0.77']) {
        world.fromInside(udp({ from, to: '10.0.0.1' }, port, 4000, [1]));
      }
      const related = world.gateway.conntrack
        .list(4)
        .filter((line) => line.includes(' src=10.0.0.1 dst=10.0.0.'));
      assert.equal(related.length, 3);
      assert.equal(world.expectations.length, 1);
    });

    it(`${name}: other stations, other ports, and questions that pass by are not expected`, () => {
      const world = ask(name, port);
      assert.ok(!world.isRelated('eth0', { from: '10.0.0.2', to: '10.0.0.1' }, port, 4001));
      assert.ok(!world.isRelated('eth1', { from: '198.51.100.7', to: '10.0.0.1' }, port, 4000));
      const passing = new World({ rules: rules(name, port) });
      passing.fromInside(udp({ from: '10.0.0.2', to: '198.51.100.255' }, 4000, port, [1]));
      assert.deepEqual(passing.expectations, []);
      assert.deepEqual(ask(name, port, '10.0.0.9').expectations, []);
    });
  }

  it('A-21: SNMP of any length and content throws nothing, and what is no message goes no further under NAT', () => {
    const bytes = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(bytes, (payload) => {
        const world = new World({ nat: true, helper: '-p udp -m udp --dport 161 -j CT --helper snmp' });
        const seen = world.fromInside(udp({ from: world.inside, to: world.outside }, 4000, 161, payload));
        assert.equal(seen.length, 0);
        assert.ok(world.log.some((line) => line.startsWith('nf_ct_snmp: dropping packet: parser failed')));
      }),
      { numRuns: 60 },
    );
  });

  it('L4: other protocols are none of theirs', () => {
    const world = new World({ rules: rules('snmp', 161) });
    world.fromInside(
      tcp({ from: world.inside, to: world.outside }, { sport: 1, dport: 161, seq: 1, flags: 'S' }),
    );
    assert.deepEqual(world.expectations, []);
  });
});
