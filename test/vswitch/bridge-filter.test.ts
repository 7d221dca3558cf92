import assert from 'node:assert/strict';
import { runSteps, Lab, parseLab, type StepReport } from '../../src/lab/index.ts';
import { requireOrSkip } from '../support/require.ts';
import { askKernel, missingForBridges } from './kernel/ask-kernel.ts';
import type { BridgeAnswer } from './kernel/bridge-case.ts';
import { readRecording } from './kernel/recording.ts';
import { VLAN_DEVICE_ANSWERS, VLAN_DEVICE_CASES } from './kernel/vlan-device-cases.ts';
import { askFiltered, kernelSetup, randomFilterCase, type FilterCase } from './kernel/filter-cases.ts';

/** A bridge of two ports whose host has rules; a behind `left`, b and c behind `right`. */
function bridged({ rules, sysctl = {}, steps }: { rules: string; sysctl?: object; steps: string }): {
  lab: Lab;
  reports: StepReport[];
} {
  const settings = JSON.stringify({ 'net.bridge.bridge-nf-call-iptables': 1, ...sysctl });
  const text = `topology:
  nodes:
    br0: { kind: switch, model: learning, mac: "02:00:00:00:bb:01", self: br0 }
    fw:
      interfaces: { br0: { mac: "02:00:00:00:bb:01", addresses: [10.0.0.254/24] } }
      sysctl: ${settings}
      rules: |
${rules.replaceAll(/^ */gm, '        ')}
    a: { interfaces: { eth0: 10.0.0.1/24 } }
    b: { interfaces: { eth0: 10.0.0.2/24 }, services: { 80: from b } }
    c: { interfaces: { eth0: 10.0.0.3/24 }, services: { 80: from c } }
  links:
    - { endpoints: ["fw:br0", "br0:br0"] }
    - { endpoints: ["a:eth0", "br0:left"] }
    - { endpoints: ["b:eth0", "br0:right"] }
    - { endpoints: ["c:eth0", "br0:far"] }
steps:
${steps}`;
  const lab = new Lab(parseLab({ text, file: 'bridged.yaml' }));
  const reports = runSteps(lab);
  return { lab, reports };
}

function assertMet(reports: readonly StepReport[]): void {
  assert.deepEqual(
    reports.flatMap(({ failures }) => failures.map(({ text }) => text)),
    [],
  );
}

const FILTER = (lines: string) => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${lines}
COMMIT`;

describe('the rules of a bridge’s host', () => {
  it('see what it bridges, with the ports as physdev, and nothing while net.bridge says so', () => {
    const rules = FILTER('-A FORWARD -m physdev --physdev-in left --physdev-out right -j DROP');
    const steps = (seen: number, kept: number) => `
  - { on: a, run: ping 10.0.0.2, expect: { replies: ${seen} } }
  - { on: a, run: ping 10.0.0.3, expect: { replies: 1 } }
  - { on: b, run: ping 10.0.0.1, expect: { replies: 1 } }
  - { on: fw, run: iptables-save -c, expect: { output: "[${kept}:${kept * 84}] -A FORWARD" } }`;
    // The answer to b's ping goes from left to right as well.
    const on = bridged({
      rules,
      steps: steps(0, 2).replace('10.0.0.1, expect: { replies: 1', '10.0.0.1, expect: { replies: 0'),
    });
    assertMet(on.reports);
    const off = bridged({ rules, steps: steps(1, 0), sysctl: { 'net.bridge.bridge-nf-call-iptables': 0 } });
    assertMet(off.reports);
  });

  it('see what a bridge device of the host bridges, routes and takes', () => {
    const text = `topology:
  nodes:
    fw:
      interfaces:
        br0: { type: bridge, mac: "02:00:00:00:bb:01", addresses: [10.0.0.254/24] }
        left: { master: br0 }
        right: { master: br0 }
      sysctl: { net.bridge.bridge-nf-call-iptables: 1 }
      services: { 80: from fw }
      rules: |
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A INPUT -i br0 -m physdev --physdev-in right -j DROP
        -A FORWARD -m physdev --physdev-in left --physdev-out right -p icmp -j REJECT
        COMMIT
    a: { interfaces: { eth0: 10.0.0.1/24 } }
    b: { interfaces: { eth0: 10.0.0.2/24 }, services: { 80: from b } }
  links:
    - { endpoints: ["a:eth0", "fw:left"] }
    - { endpoints: ["b:eth0", "fw:right"] }
steps:
  - { on: a, run: nc 10.0.0.2 80, expect: { received: from b } }
  - { on: a, run: ping 10.0.0.2, expect: { replies: 0, errors: 1 } }
  - { on: a, run: nc 10.0.0.254 80, expect: { received: from fw } }
  - { on: b, run: nc 10.0.0.254 80, expect: { connected: false } }
`;
    assertMet(runSteps(new Lab(parseLab({ text, file: 'device.yaml' }))));
  });

  it('log a bridged packet with its ports', () => {
    const { lab } = bridged({
      rules: FILTER('-A FORWARD -j LOG --log-prefix "seen "'),
      steps: '  - { on: a, run: ping 10.0.0.2 }',
    });
    const line = lab.host('fw').log[0]!;
    assert.match(
      line,
      /^seen IN=br0 OUT=br0 PHYSIN=left PHYSOUT=right MAC=02:00:00:00:04:00:02:00:00:00:03:00:08:00 SRC=10\.0\.0\.1 /,
    );
  });

  it('translate on the bridge, and ask for a neighbour whose address they need', () => {
    const { reports } = bridged({
      rules: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -d 10.0.0.2 -j DNAT --to-destination 10.0.0.3
-A POSTROUTING -p tcp -m physdev --physdev-is-bridged -j SNAT --to-source 10.0.0.77
COMMIT`,
      // The new way is one that the host has to route.
      sysctl: { 'net.ipv4.ip_forward': 1 },
      steps: `
  - { on: a, run: nc 10.0.0.2 80, expect: { connected: false } }
  - { on: fw, run: conntrack -L, expect: { connections: 1 } }`,
    });
    assertMet(reports);
    const crossings = reports[0]!.crossings.map(
      ({ to, frame }) => `${to.node} ${Buffer.from(frame).toString('hex')}`,
    );
    // c is asked for by the bridge's host; what arrives there is a's frame with c's address, from 10.0.0.77.
    assert.ok(crossings.some((text) => text.startsWith('c ffffffffffff02000000bb010806')));
    assert.ok(crossings.some((text) => /^c 020000000500020000000300080045.*0a00004d0a000003/.test(text)));
  });

  it('put fragments together for their rules, and cut them again for the port', () => {
    const drops = askFiltered(
      fragments('-A FORWARD -p udp -m udp --dport 80 -m conntrack --ctstate NEW -j DROP'),
    );
    assert.deepEqual(portsOf(drops), [[], []]);
    const passes = askFiltered(
      fragments('-A FORWARD -p udp -m udp --dport 81 -m conntrack --ctstate NEW -j DROP'),
    );
    assert.deepEqual(portsOf(passes), [[], ['p2', 'p2']]);
  });
});

/** By which ports the fragments left, after each of the two. */
function portsOf({ out }: BridgeAnswer): string[][] {
  return out.slice(1).map((frames) => frames.map(([port]) => port));
}

/** A datagram to port 80 in two fragments, from p1 to p2. */
function fragments(lines: string): FilterCase {
  const rules = { 4: `${FILTER(lines)}\n`, 6: '*filter\nCOMMIT\n' };
  const sysctl = { 'net.bridge.bridge-nf-call-iptables': 1 };
  const head = (flags: number, length: number) =>
    `02000000000202000000000108004500${length.toString(16).padStart(4, '0')}0001${flags.toString(16).padStart(4, '0')}4011`;
  const frame = (flags: number, payload: string) => {
    const length = 20 + payload.length / 2;
    const bytes = Buffer.from(`${head(flags, length)}00000a0000010a000002${payload}`, 'hex');
    let sum = 0;
    for (let at = 14; at < 34; at += 2) sum += bytes.readUInt16BE(at);
    sum = (sum & 0xffff) + (sum >>> 16);
    bytes.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 24);
    return bytes.toString('hex');
  };
  return {
    name: 'fragments',
    switch: {
      model: 'learning',
      mac: '02:00:00:00:00:fe',
      self: 'br0',
      ports: { p1: {}, p2: {}, p3: {}, p4: {} },
    },
    rules,
    sysctl,
    setup: kernelSetup(rules, sysctl),
    steps: [
      { port: 'p2', frame: `ffffffffffff02000000000288b5${'5a'.repeat(46)}` },
      { port: 'p1', frame: frame(0x2000, `03e8005000300000${'a5'.repeat(16)}`) },
      { port: 'p1', frame: frame(0x0003, 'a5'.repeat(24)) },
    ],
  };
}

describe('the rules of a bridge’s host, and the device of a VLAN on the bridge', () => {
  const { kernel, answers } = readRecording<BridgeAnswer>(VLAN_DEVICE_ANSWERS);
  VLAN_DEVICE_CASES.forEach((question, i) => {
    it(`${question.name} (recorded: ${kernel})`, () => {
      const sluice = askFiltered(question);
      assert.deepEqual(sluice.out.map(sorted), answers[i]!.out.map(sorted));
      const [filter] = [rulesIn(sluice.told!)];
      assert.deepEqual(filter.slice(0, filter.indexOf('COMMIT') + 1), rulesIn(answers[i]!.told!));
    });
  });
});

describe('the rules of a bridge’s host, beside the kernel’s', function () {
  this.timeout(120_000);

  before(function () {
    const missing = missingForBridges(['iptables-legacy', 'ip6tables-legacy', 'ethtool']);
    requireOrSkip(this, missing ?? '', missing === null);
  });

  it('pass, drop, reject, translate and count alike, on random bridges with random rules', () => {
    const cases = [
      ...Array.from({ length: 16 }, (_, i) => randomFilterCase(i + 1)),
      fragments('-A FORWARD -m conntrack --ctstate NEW'),
    ];
    const answers = askKernel(cases);
    cases.forEach((question, i) => {
      const sluice = askFiltered(question);
      const kernel = answers[i]!;
      question.steps.forEach((step, n) => {
        const where = `${question.name}, step ${n + 1}: ${JSON.stringify(step)}`;
        assert.deepEqual(sorted(sluice.out[n]!), sorted(kernel.out[n]!), where);
      });
      assert.deepEqual(sluice.fdb, kernel.fdb, `${question.name}: addresses learnt`);
      if (kernel.told !== undefined)
        assert.deepEqual(rulesIn(sluice.told!), rulesIn(kernel.told), question.name);
    });
  });
});

/** In any order, since the host's answers overtake; without what the kernel draws for its own ICMP errors: their number. */
function sorted(frames: readonly (readonly [string, string])[]): string[] {
  return frames
    .map(([port, frame]) =>
      /^.{12}0200000000fe0800/.test(frame)
        ? `${port} ${frame.slice(0, 36)}----${frame.slice(40, 48)}----${frame.slice(52)}`
        : `${port} ${frame}`,
    )
    .sort();
}

function rulesIn(save: string): string[] {
  return save.split('\n').filter((line) => !line.startsWith('#') && line !== '');
}
