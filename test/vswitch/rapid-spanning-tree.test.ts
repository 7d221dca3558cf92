import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Lab, parseLab } from '../../src/lab/index.ts';
import type { LearningSwitch } from '../../src/vswitch/index.ts';
import { PORT_STATE_NAMES, PortState } from '../../src/vswitch/learning/bridge-port.ts';
import type { RapidTree } from '../../src/vswitch/learning/rapid/rapid-tree.ts';
import * as bpdu from '../../src/wire/bpdu.ts';
import { SaidRole, type RapidBpdu } from '../../src/wire/bpdu.ts';
import { bytesToHex, hexToBytes } from '../../src/wire/bytes.ts';
import { BROADCAST, frame, Rig, station } from './rig.ts';

const SECOND_US = 1_000_000;
const MAC = '02:00:00:00:00:fe';
const OWN = '80000200000000fe';
const BETTER = '1000020000000001';
const WORSE = 'f000020000000001';

function message(flags: Partial<RapidBpdu> = {}): RapidBpdu {
  return {
    isRapid: true,
    role: SaidRole.DESIGNATED,
    proposal: false,
    agreement: false,
    learning: false,
    forwarding: false,
    topologyChange: false,
    topologyChangeAck: false,
    root: BETTER,
    rootCost: 0,
    bridge: BETTER,
    port: 0x8001,
    messageAge: 0,
    maxAge: 20 * SECOND_US,
    helloTime: 2 * SECOND_US,
    forwardDelay: 15 * SECOND_US,
    ...flags,
  };
}

const rapid = (flags: Partial<RapidBpdu> = {}): string =>
  bytesToHex(bpdu.rapidFrame(hexToBytes('0200000000aa'), message(flags)));

function rig(ports: object = { p1: {}, p2: {}, p3: {} }, settings: object = {}): Rig {
  const made = new Rig({ model: 'learning', mac: MAC, stp: 'rapid', ports, ...settings });
  made.wait(0);
  return made;
}

/** Messages among what left, with the port they left by. */
function said(lines: readonly string[]): { port: string; bpdu: RapidBpdu }[] {
  return lines.flatMap((line) => {
    const [port, hex] = line.split(' ') as [string, string];
    const bytes = hexToBytes(hex);
    const read = hex.startsWith('0180c2000000') ? bpdu.parseRapid(bytes, 0, bytes.length) : null;
    return read === null || read === 'tcn' ? [] : [{ port, bpdu: read }];
  });
}

function stateOf(made: Rig, port: string): string {
  return PORT_STATE_NAMES[(made.switch as LearningSwitch).portNamed(port)!.state];
}

function roleOf(made: Rig, port: string): string {
  const bridge = made.switch as LearningSwitch;
  return (bridge.tree as RapidTree).roleOf(bridge.portNamed(port)!);
}

describe('messages of the rapid spanning tree', () => {
  it('are read as they are written, with every flag and role', () => {
    const roles = fc.constantFrom(...Object.values(SaidRole));
    const record = fc.record({
      role: roles,
      proposal: fc.boolean(),
      agreement: fc.boolean(),
      learning: fc.boolean(),
      forwarding: fc.boolean(),
      topologyChange: fc.boolean(),
      topologyChangeAck: fc.boolean(),
      rootCost: fc.integer({ min: 0, max: 200_000_000 }),
      port: fc.integer({ min: 0, max: 0xffff }),
    });
    fc.assert(
      fc.property(record, (flags) => {
        const bytes = hexToBytes(rapid(flags));
        assert.deepEqual(bpdu.parseRapid(bytes, 0, bytes.length), message(flags));
        assert.equal(bpdu.parse(bytes, 0, bytes.length), null, 'nothing to the original protocol');
      }),
      { seed: 7 },
    );
  });

  it('are dropped when cut; those of the original protocol are taken for a designated port’s', () => {
    const whole = hexToBytes(rapid());
    for (let end = 0; end < whole.length; end++) assert.equal(bpdu.parseRapid(whole, 0, end), null);
    const old = bpdu.configFrame(hexToBytes('0200000000aa'), message());
    assert.deepEqual(bpdu.parseRapid(old, 0, old.length), message({ isRapid: false }));
    assert.equal(bpdu.parseRapid(bpdu.tcnFrame(hexToBytes('0200000000aa')), 0, 21), 'tcn');
  });
});

describe('the rapid spanning tree of a learning switch', () => {
  it('agrees to what a root port is told at once, and shuts first what was agreed on less (sync)', () => {
    const made = rig({ p1: { edge: 'no' }, p2: { edge: 'no' }, p3: { edge: 'yes' } });
    made.wait(60);
    made.send('p1', rapid({ rootCost: 10 }));
    assert.equal(stateOf(made, 'p2'), 'forwarding', 'a better root closes no loop');
    assert.deepEqual(
      ['p1', 'p2', 'p3'].map((port) => stateOf(made, port)),
      Array(3).fill('forwarding'),
    );
    made.wait(2);
    const answers = said(made.sendWhole('p1', rapid({ proposal: true, rootCost: 20 })));
    const agreement = answers.find(({ port }) => port === 'p1')!.bpdu;
    assert.deepEqual([agreement.agreement, agreement.role, agreement.root], [true, SaidRole.ROOT, BETTER]);
    assert.deepEqual([roleOf(made, 'p1'), stateOf(made, 'p1')], ['root', 'forwarding']);
    assert.deepEqual([roleOf(made, 'p2'), stateOf(made, 'p2')], ['designated', 'blocking']);
    assert.equal(stateOf(made, 'p3'), 'forwarding', 'no loop can be closed by an edge');
    const proposal = answers.find(({ port }) => port === 'p2')!.bpdu;
    assert.deepEqual([proposal.proposal, proposal.role, proposal.rootCost], [true, SaidRole.DESIGNATED, 22]);
    // The neighbour on p2 agrees in its turn.
    made.send('p2', rapid({ role: SaidRole.ROOT, agreement: true, rootCost: 22, bridge: OWN, port: 0x8002 }));
    assert.equal(stateOf(made, 'p2'), 'forwarding');
  });

  it('takes a port for an edge when nobody answers for three seconds, and at once when told; never when told not to', () => {
    const made = rig({ p1: {}, p2: { edge: 'yes' }, p3: { edge: 'no' } });
    assert.deepEqual(
      ['p1', 'p2', 'p3'].map((port) => stateOf(made, port)),
      ['blocking', 'forwarding', 'blocking'],
    );
    made.wait(3);
    assert.deepEqual(
      ['p1', 'p3'].map((port) => stateOf(made, port)),
      ['forwarding', 'blocking'],
    );
    made.wait(40);
    assert.equal(stateOf(made, 'p3'), 'forwarding', 'after the forward delay');
    // A bridge shows up behind an edge: it is none any more.
    made.send('p2', rapid({ proposal: true }));
    assert.equal(roleOf(made, 'p2'), 'root');
  });

  it('puts the alternate port in the place of a root port whose link breaks, within the same moment', () => {
    const made = rig();
    made.send('p1', rapid());
    made.send('p2', rapid({ bridge: '2000020000000002', rootCost: 1 }));
    assert.deepEqual(
      ['p1', 'p2'].map((port) => roleOf(made, port)),
      ['root', 'alternate'],
    );
    assert.deepEqual(
      ['p1', 'p2'].map((port) => stateOf(made, port)),
      ['forwarding', 'blocking'],
    );
    made.setLink('p1', false);
    assert.deepEqual([roleOf(made, 'p2'), stateOf(made, 'p2')], ['root', 'forwarding']);
  });

  it('keeps a second port on its own link as backup', () => {
    const lab = labOf(
      [
        's1: { kind: switch, model: learning, mac: "02:00:00:00:01:00", stp: rapid }',
        'h: { kind: switch, model: hub }',
      ],
      ['s1:x h:x', 's1:y h:y'],
    );
    lab.run(40 * SECOND_US);
    const bridge = lab.switch('s1') as LearningSwitch;
    const tree = bridge.tree as RapidTree;
    assert.deepEqual(
      ['x', 'y'].map((name) => tree.roleOf(bridge.portNamed(name)!)),
      ['designated', 'backup'],
    );
  });

  it('tells of a change, and forgets the addresses behind the other ports, not those where it was told', () => {
    const made = rig();
    made.send('p1', rapid({ proposal: true }));
    made.wait(5);
    made.send('p1', frame(BROADCAST, station(1)));
    made.send('p2', frame(BROADCAST, station(2)));
    const behind = (port: string) => made.table().filter((line) => line.includes(` ${port} learned`)).length;
    assert.deepEqual([behind('p1'), behind('p2')], [1, 1]);
    const fromP3 = { role: SaidRole.ROOT, rootCost: 2, bridge: OWN, port: 0x8003, topologyChange: true };
    const told = said(made.sendWhole('p3', rapid(fromP3)));
    assert.ok(told.some(({ port, bpdu: { topologyChange } }) => port === 'p1' && topologyChange));
    assert.equal(behind('p1'), 0);
    assert.equal(behind('p2'), 1, 'an edge has no part in it');
    // The flag lasts for the hello time and a second.
    made.wait(3.1);
    assert.ok(said(made.waitFor(4)).every(({ bpdu: { topologyChange } }) => !topologyChange));
  });

  it('forgets a neighbour after three hello times, and is the root itself', () => {
    const made = rig();
    made.send('p1', rapid());
    const { tree } = made.switch as LearningSwitch;
    assert.deepEqual([tree!.isRoot, tree!.root, tree!.rootCost], [false, BETTER, 2]);
    made.wait(5.9);
    assert.equal(tree!.isRoot, false);
    made.wait(0.2);
    assert.deepEqual([tree!.isRoot, tree!.root], [true, OWN]);
  });

  it('shuts a port whose neighbour serves the link without hearing that we do (dispute)', () => {
    const made = rig({ p1: { edge: 'no' }, p2: {} });
    made.wait(60);
    assert.equal(stateOf(made, 'p1'), 'forwarding');
    made.send('p1', rapid({ root: WORSE, bridge: WORSE, learning: true, forwarding: true }));
    assert.equal(stateOf(made, 'p1'), 'blocking');
  });

  it('speaks the original protocol to who speaks nothing else, and the rapid one again when it hears it', () => {
    const made = rig();
    made.wait(4);
    const old = bpdu.configFrame(hexToBytes('0200000000aa'), message({ root: WORSE, bridge: WORSE }));
    made.send('p1', bytesToHex(old));
    const toOld = said(made.waitFor(3)).filter(({ port }) => port === 'p1');
    assert.ok(toOld.length > 0 && toOld.every((one) => !one.bpdu.isRapid));
    made.send('p1', rapid({ root: WORSE, bridge: WORSE }));
    const toNew = said(made.waitFor(3)).filter(({ port }) => port === 'p1');
    assert.ok(toNew.length > 0 && toNew.every((one) => one.bpdu.isRapid));
  });

  it('guards: a message shuts a guarded port, a root behind a root-blocked port is not taken', () => {
    const made = rig({ p1: { bpdu_guard: true }, p2: { root_block: true }, p3: {} });
    made.wait(4);
    made.send('p1', rapid());
    made.send('p2', rapid());
    assert.deepEqual(
      ['p1', 'p2', 'p3'].map((port) => stateOf(made, port)),
      ['disabled', 'blocking', 'forwarding'],
    );
    assert.equal((made.switch as LearningSwitch).tree!.isRoot, true);
  });

  it('says no more than seven things a second on a port, however often it is asked', () => {
    const made = rig();
    made.wait(10);
    let count = 0;
    for (let n = 0; n < 100; n++) {
      count += said(made.sendWhole('p1', rapid({ proposal: true, rootCost: n % 2 }))).length;
    }
    assert.ok(count <= 21, `${count} messages`);
  });
});

// ── Networks ────────────────────────────────────────────────────────────────────────────────────────────────────

function labOf(nodes: readonly string[], links: readonly string[]): Lab {
  const link = (ends: string) => `    - { endpoints: ["${ends.split(' ').join('", "')}"] }`;
  const text = `topology:\n  nodes:\n${nodes.map((node) => `    ${node}`).join('\n')}\n  links:\n${links.map(link).join('\n')}\n`;
  return new Lab(parseLab({ text, file: 'loop.yaml' }));
}

/** A network of switches by their protocol; links between them by index. */
function network(protocols: readonly string[], links: readonly (readonly [number, number])[]): Lab {
  return labOf(
    protocols.map(
      (stp, i) =>
        `s${i}: { kind: switch, model: learning, mac: "02:00:00:00:${String(i + 10)}:00", stp: ${stp}, ports: { spare: { up: false } } }`,
    ),
    links.map(([a, b], i) => `s${a}:l${i} s${b}:l${i}`),
  );
}

/** Links both of whose ends forward. */
function openLinks(lab: Lab): (readonly [string, string])[] {
  return lab.links
    .filter(({ link, config }) => link.isUp && config.ends.every(({ node, port }) => isOpen(lab, node, port)))
    .map(({ config: { ends } }) => [ends[0].node, ends[1].node] as const);
}

function isOpen(lab: Lab, node: string, port: string): boolean {
  return (lab.switch(node) as LearningSwitch).portNamed(port)!.state === PortState.FORWARDING;
}

/** Groups of nodes that links join, and whether they close no loop. */
function joined(nodes: Iterable<string>, links: readonly (readonly [string, string])[]) {
  const group = new Map([...nodes].map((name) => [name, name]));
  const top = (name: string): string => (group.get(name) === name ? name : top(group.get(name)!));
  let loops = 0;
  for (const [a, b] of links) {
    if (top(a) === top(b)) loops++;
    else group.set(top(a), top(b));
  }
  return { loops, groups: new Set([...group.keys()].map(top)).size };
}

function assertTree(lab: Lab): void {
  const nodes = [...lab.switches.keys()];
  const all = lab.links
    .filter(({ link }) => link.isUp)
    .map(({ config: { ends } }) => [ends[0].node, ends[1].node] as const);
  const { loops, groups } = joined(nodes, openLinks(lab));
  assert.equal(loops, 0, 'a loop');
  assert.equal(groups, joined(nodes, all).groups, 'everybody who has a link is reached');
}

describe('networks of the rapid spanning tree', () => {
  it('have a tree within a second, and another a moment after a link breaks', () => {
    const lab = network(Array(3).fill('rapid'), [
      [0, 1],
      [1, 2],
      [2, 0],
    ]);
    lab.run(SECOND_US);
    assertTree(lab);
    lab.setLink(lab.linkAt('s2:l2')!, false);
    lab.run(1000);
    assertTree(lab);
  });

  it('end in a tree whatever their links are, with the original protocol among them', () => {
    const drawn = fc.integer({ min: 2, max: 6 }).chain((count) =>
      fc.record({
        protocols: fc.array(fc.constantFrom('rapid', 'rapid', 'true'), {
          minLength: count,
          maxLength: count,
        }),
        links: fc.array(
          fc.tuple(fc.nat(count - 1), fc.nat(count - 1)).filter(([a, b]) => a !== b),
          { minLength: 1, maxLength: 9 },
        ),
        broken: fc.nat(8),
      }),
    );
    fc.assert(
      fc.property(drawn, ({ protocols, links, broken }) => {
        const lab = network(protocols, links);
        lab.run(70 * SECOND_US);
        assertTree(lab);
        lab.setLink(lab.links[broken % links.length]!, false);
        lab.run(70 * SECOND_US);
        assertTree(lab);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('never close a loop on the way to the tree, where all speak the rapid protocol', () => {
    const drawn = fc.integer({ min: 2, max: 6 }).chain((count) =>
      fc.record({
        count: fc.constant(count),
        links: fc.array(
          fc.tuple(fc.nat(count - 1), fc.nat(count - 1)).filter(([a, b]) => a !== b),
          { minLength: 1, maxLength: 9 },
        ),
        broken: fc.nat(8),
      }),
    );
    fc.assert(
      fc.property(drawn, ({ count, links, broken }) => {
        const lab = network(Array(count).fill('rapid'), links);
        const watch = (steps: number, us: number) => {
          for (let n = 0; n < steps; n++) {
            lab.run(us);
            assert.equal(joined(lab.switches.keys(), openLinks(lab)).loops, 0);
          }
        };
        watch(50, 1000);
        watch(40, SECOND_US / 4);
        lab.setLink(lab.links[broken % links.length]!, false);
        watch(50, 1000);
        assertTree(lab);
      }),
      { numRuns: 40, seed: 7 },
    );
  });
});
