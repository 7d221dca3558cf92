import assert from 'node:assert/strict';
import { Lab, parseLab } from '../../src/lab/index.ts';
import type { LearningSwitch } from '../../src/vswitch/index.ts';
import { PORT_STATE_NAMES } from '../../src/vswitch/learning/bridge-port.ts';
import * as bpdu from '../../src/wire/bpdu.ts';
import { hexToBytes } from '../../src/wire/bytes.ts';
import { askSluice } from './kernel/bridge-case.ts';
import { BETTER, config, recordedStpAnswers, SECOND_US, STP, STP_CASES, WORSE } from './kernel/stp-cases.ts';
import { BROADCAST, frame, Rig, station } from './rig.ts';

describe('messages of the spanning tree', () => {
  it('are read as they are written, with times to 1/256 s', () => {
    const message = bpdu.parse(hexToBytes(config(BETTER, 7, WORSE, { topologyChange: true })), 0, 52);
    assert.deepEqual(message, {
      topologyChange: true,
      topologyChangeAck: false,
      root: BETTER,
      rootCost: 7,
      bridge: WORSE,
      port: 0x8001,
      messageAge: 0,
      maxAge: 6 * SECOND_US,
      helloTime: SECOND_US,
      forwardDelay: 2 * SECOND_US,
    });
    assert.equal(bpdu.parse(bpdu.tcnFrame(hexToBytes('0200000000aa')), 0, 21), 'tcn');
  });

  it('are dropped when they are cut short, of another protocol or version', () => {
    const whole = hexToBytes(config(BETTER, 0));
    for (let end = 0; end < whole.length; end++) assert.equal(bpdu.parse(whole, 0, end), null);
    for (const at of [14, 16, 17, 19, 20]) {
      const other = whole.slice();
      other[at]! ^= 0xff;
      assert.equal(bpdu.parse(other, 0, other.length), null);
    }
  });
});

describe('the spanning tree of a learning switch', () => {
  it('listens and learns for the forward delay each before it forwards', () => {
    const rig = new Rig({ model: 'learning', ...STP, ports: { p1: {}, p2: {} } });
    const passes = () => rig.send('p1', frame(BROADCAST, station(1))).includes('p2');
    rig.wait(1.9);
    assert.equal(passes(), false);
    assert.equal(rig.table().length, 1, 'listening: nothing is learnt');
    rig.wait(1.9);
    assert.equal(passes(), false);
    assert.equal(rig.table().length, 2, 'learning');
    rig.wait(0.3);
    assert.equal(passes(), true);
  });

  it('shuts a guarded port that hears a message, and does not take a blocked root', () => {
    const rig = new Rig({
      model: 'learning',
      ...STP,
      ports: { p1: { bpdu_guard: true }, p2: { root_block: true }, p3: {} },
    });
    const states = () =>
      (rig.switch as LearningSwitch).ports.slice(0, 3).map(({ state }) => PORT_STATE_NAMES[state]);
    rig.wait(5);
    rig.send('p1', config(BETTER, 0));
    rig.send('p2', config(BETTER, 0));
    assert.deepEqual(states(), ['disabled', 'listening', 'forwarding']);
    assert.equal((rig.switch as LearningSwitch).tree!.isRoot, true);
  });

  it('ends a loop of three switches within seconds, and heals it when a link breaks', () => {
    const node = (n: number) =>
      `    s${n}: { kind: switch, model: learning, mac: "02:00:00:00:0${n}:00", stp: true, forward_delay: 2, max_age: 6 }`;
    const text = `topology:
  nodes:
${[1, 2, 3].map(node).join('\n')}
    a: { interfaces: { eth0: 10.0.0.1/24 } }
    b: { interfaces: { eth0: 10.0.0.2/24 } }
  links:
    - { endpoints: ["s1:x", "s2:x"] }
    - { endpoints: ["s2:y", "s3:y"] }
    - { endpoints: ["s3:z", "s1:z"] }
    - { endpoints: ["a:eth0", "s2:a"] }
    - { endpoints: ["b:eth0", "s3:b"] }
`;
    const lab = new Lab(parseLab({ text, file: 'loop.yaml' }));
    const state = (name: string, port: string) => {
      const bridge = lab.switch(name) as LearningSwitch;
      return PORT_STATE_NAMES[bridge.portNamed(port)!.state];
    };
    lab.run(10 * SECOND_US);
    assert.deepEqual(
      [state('s1', 'x'), state('s1', 'z'), state('s2', 'x'), state('s3', 'z')],
      Array(4).fill('forwarding'),
    );
    // Both are as far from the root; the one with the smaller address serves the link between them.
    assert.deepEqual([state('s2', 'y'), state('s3', 'y')], ['forwarding', 'blocking']);
    lab.setLink(lab.linkAt('s1:z')!, false);
    lab.run(15 * SECOND_US);
    assert.deepEqual([state('s3', 'y'), state('s3', 'z')], ['forwarding', 'disabled']);
    assert.equal((lab.switch('s3') as LearningSwitch).tree!.rootCost, 4);
  });

  it('needs the address of the switch', () => {
    assert.throws(
      () => new Rig({ model: 'learning', stp: true, ports: ['p1'] }),
      /switch\.stp: a spanning tree needs/,
    );
  });
});

describe('the spanning tree beside the Linux bridge (recorded: Linux 6.18)', () => {
  type Frames = readonly (readonly [port: string, frame: string])[];
  const isMessage = ([, bytes]: readonly [string, string]) => bytes.startsWith('0180c2000000');
  const dataOf = (frames: Frames) => frames.filter((one) => !isMessage(one));
  /** Messages of the protocol without their times, each once: flags, root, cost, bridge and port. */
  const messagesOf = (frames: Frames) =>
    [...new Set(frames.filter(isMessage).map(([port, bytes]) => `${port} ${bytes.slice(34, 88)}`))].sort();

  it('elects roots, blocks, forwards, acknowledges and ages alike', () => {
    const answers = recordedStpAnswers();
    STP_CASES.forEach((question, i) => {
      const sluice = askSluice(question);
      // When a message waits for the hold time, which the kernel rounds, it may come a step later: sums up to each wait.
      let since = 0;
      question.steps.forEach((step, n) => {
        const [kernel, ours] = [answers[i]!.out, sluice.out];
        const where = `${question.name}, step ${n + 1}: ${JSON.stringify(step)}`;
        assert.deepEqual(dataOf(ours[n]!), dataOf(kernel[n]!), where);
        if (!('wait' in step)) return;
        const sum = (out: typeof kernel) => messagesOf(out.slice(since, n + 1).flat());
        assert.deepEqual(sum(ours), sum(kernel), where);
        since = n + 1;
      });
    });
  });
});
