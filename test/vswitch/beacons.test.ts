/** Beacon probing of vSphere's teams; docs/switches.md says what it follows. */
import assert from 'node:assert/strict';
import { Lab, parseLab, runSteps } from '../../src/lab/index.ts';
import { Rig } from './rig.ts';

/** A host whose first uplink leads to a switch of its own, and the others to another; the core joins both. */
function network(uplinks: number, detection: string, steps: string): Lab {
  const names = Array.from({ length: uplinks }, (_, i) => `vmnic${i}`);
  const text = `topology:
  nodes:
    esx:
      kind: hypervisor
      switch: { model: static, uplinks: [${names.join(', ')}], teaming: { policy: explicit, detection: ${detection} } }
      guests: { vm: { interfaces: { eth0: 10.0.0.1/24 } } }
    left: { kind: switch }
    right: { kind: switch }
    core: { kind: switch }
    server: { interfaces: { eth0: 10.0.0.9/24 } }
  links:
    - { endpoints: ["esx:vmnic0", "left:p0"] }
${names
  .slice(1)
  .map((name) => `    - { endpoints: ["esx:${name}", "right:${name}"] }`)
  .join('\n')}
    - { endpoints: ["left:up", "core:left"] }
    - { endpoints: ["right:up", "core:right"] }
    - { endpoints: ["server:eth0", "core:server"] }
steps:
${steps}`;
  return new Lab(parseLab({ text, file: 'beacons.yaml' }));
}

function assertMet(lab: Lab): void {
  assert.deepEqual(
    runSteps(lab).flatMap(({ failures }) => failures.map(({ text }) => text)),
    [],
  );
}

describe('beacon probing', () => {
  /** The cable between the first uplink's switch and the core is pulled: the uplink's own link stays up. */
  const cut = (replies: number, moreSights = '') => `
  - { on: vm, run: ping 10.0.0.9, after: 5s, expect: { replies: 1, sees: [{ at: 'left:p0', frame: ICMP }] } }
  - { on: core, run: ip link set left down }
  - { on: vm, run: ping 10.0.0.9, after: 4s, expect: { replies: ${replies}${moreSights} } }`;

  it('finds an uplink that has lost its way behind the next switch, where link state alone does not', () => {
    assertMet(network(3, 'link', cut(0)));
    assertMet(network(3, 'beacon', cut(1, ", sees: [{ at: 'left:p0', frame: ICMP, times: 0 }]")));
  });

  it('sends by every uplink of two when neither hears the other', () => {
    assertMet(
      network(
        2,
        'beacon',
        cut(
          1,
          ", sees: [{ at: 'left:p0', frame: echo request, times: 1 }, { at: 'right:vmnic1', frame: echo request, times: 1 }]",
        ),
      ),
    );
  });

  it('goes back when the way is there again, and makes the guests known by RARP at each change', () => {
    const lab = network(
      3,
      'beacon',
      `${cut(1)}
  - { on: core, run: ip link set left up, for: 3s, expect: { sees: [{ at: 'left:p0', frame: 'ARP, Reverse Request', times: 1 }] } }
  - { on: vm, run: ping 10.0.0.9, expect: { replies: 1, sees: [{ at: 'left:p0', frame: echo request }] } }`,
    );
    assertMet(lab);
  });

  it('says one thing a second by every uplink, and takes those of other hosts for nobody’s affair', () => {
    const rig = new Rig({
      model: 'static',
      uplinks: ['vmnic0', 'vmnic1'],
      teaming: { detection: 'beacon' },
      ports: { a: { mac: '02:00:00:00:00:01' } },
    });
    rig.wait(10);
    const sent = rig.waitFor(3);
    assert.equal(sent.length, 6);
    const foreign = `${sent[0]!.split(' ')[1]!.slice(0, 28)}ffffffff${'00'.repeat(42)}`;
    assert.deepEqual(rig.send('vmnic1', foreign), [], 'no guest gets it');
    assert.equal(rig.reason, 'NONE');
  });

  it('needs two uplinks, and does not go with a bundle', () => {
    const make = (uplinks: string[], policy: string) => () =>
      new Rig({ model: 'static', uplinks, teaming: { policy, detection: 'beacon' }, ports: ['a'] });
    assert.throws(make(['vmnic0'], 'explicit'), /detection: beacons need two uplinks/);
    assert.throws(make(['vmnic0', 'vmnic1'], 'ip-hash'), /detection: the links of a bundle/);
  });
});
