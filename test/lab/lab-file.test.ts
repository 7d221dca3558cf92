import assert from 'node:assert/strict';
import { SluiceError } from '../../src/base/errors.ts';
import { Lab, parseLab, runSteps } from '../../src/lab/index.ts';

const LAB = `name: two hosts
topology:
  nodes:
    a: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }
    b:
      interfaces:
        eth0: 10.0.0.2/24
    sw: { kind: switch, model: learning }
  links:
    - { endpoints: ["a:eth0", "sw:p1"] }
    - endpoints: ["b:eth0", "sw:p2"]
      netem: delay 1ms
steps:
  - { on: a, run: ping 10.0.0.2, expect: { replies: 1 } }
  - on: b
    run: ping -c 2 10.0.0.1
    for: 2s
    expect: { replies: 2 }
`;

function complaint(text: string): string {
  try {
    runSteps(new Lab(parseLab({ text, file: 'lab.yaml' })));
  } catch (error) {
    assert.ok(error instanceof SluiceError, String(error));
    return error.describe();
  }
  return assert.fail('not refused');
}

describe('a lab file', () => {
  it('describes hosts, switches and links, and steps that are judged', () => {
    const reports = runSteps(new Lab(parseLab({ text: LAB, file: 'lab.yaml' })));
    assert.deepEqual(
      reports.map(({ failures }) => failures),
      [[], []],
    );
    const { output } = reports[1]!.result;
    assert.equal(output.at(-2), '2 packets transmitted, 2 received, 0% packet loss, time 1000ms');
    assert.match(output[1]!, /^64 bytes from 10\.0\.0\.1: icmp_seq=1 ttl=64 time=2\.00 ms$/);
  });

  it('says where and why a step did not come out as expected', () => {
    const text = LAB.replace('replies: 1', 'replies: 3').replace(
      'replies: 2 }',
      'replies: 2, output: [nonsense], sees: [{ at: "a:eth0", frame: echo reply, times: 5 }], order: ["a:eth0 echo request", "b:eth0 echo reply", "a:eth0 ARP, Request"] }',
    );
    const reports = runSteps(new Lab(parseLab({ text, file: 'lab.yaml' })));
    assert.deepEqual(
      reports.flatMap(({ failures }) => failures.map((failure) => [failure.place.line, failure.text])),
      [
        [14, 'replies: expected 3, got 1'],
        [15, 'output: no line has "nonsense"'],
        [15, 'sees: expected 5 "echo reply" at a:eth0, there were 0'],
        [15, 'order: number 3, "ARP, Request" at a:eth0, did not come after the 2 before it'],
      ],
    );
  });

  const mistakes: readonly [what: string, from: string, to: string, message: RegExp][] = [
    [
      'an unknown key',
      'name:',
      'nmae:',
      /^lab\.yaml:1: nmae: unknown key \(did you mean "name"\?\); known are name/,
    ],
    [
      'an unknown kind',
      'kind: host',
      'kind: hots',
      /^lab\.yaml:4: topology\.nodes\.a\.kind: must be one of .* \(did you mean "host"\?\)/,
    ],
    [
      'an unknown key of a host',
      'interfaces:\n',
      'interface:\n',
      /^lab\.yaml:6: topology\.nodes\.b\.interface: unknown key \(did you mean "interfaces"\?\)/,
    ],
    [
      'an address',
      '10.0.0.2/24',
      '10.0.0.2/33',
      /^lab\.yaml:[67]: .*not an address with prefix length: "10\.0\.0\.2\/33"/,
    ],
    [
      'an unknown model',
      'model: learning',
      'model: lerning',
      /^lab\.yaml:8: topology\.nodes\.sw\.model: .*did you mean "learning"/,
    ],
    [
      'a setting of a switch',
      'model: learning',
      'model: learning, ageing: 5',
      /^lab\.yaml:8: topology\.nodes\.sw\.ageing: unknown key/,
    ],
    [
      'an unknown node',
      '"a:eth0", "sw:p1"',
      '"a:eth0", "ws:p1"',
      /^lab\.yaml:10: topology\.links\[0\]\.endpoints\[1\]: no node "ws" \(did you mean "sw"\?\); there are a, b, sw/,
    ],
    [
      'an unknown interface',
      '"a:eth0"',
      '"a:eth1"',
      /^lab\.yaml:10: .*a has no interface "eth1" \(did you mean "eth0"\?\); it has eth0/,
    ],
    [
      'a second cable',
      '"b:eth0", "sw:p2"',
      '"b:eth0", "sw:p1"',
      /^lab\.yaml:11: .*"sw:p1" has a cable already \(topology\.links\[0\]\)/,
    ],
    [
      'no endpoint',
      '"b:eth0", "sw:p2"',
      '"b:eth0", "sw"',
      /^lab\.yaml:11: .*not an endpoint: "sw"; NODE:PORT is meant/,
    ],
    [
      'a third end',
      '"b:eth0", "sw:p2"',
      '"b:eth0", "sw:p2", "a:eth0"',
      /^lab\.yaml:11: .*a link has two ends/,
    ],
    ['a property of a link', 'delay 1ms', 'dealy 1ms', /^lab\.yaml:12: .*netem: .*dealy/],
    [
      'an unknown command',
      'run: ping 10',
      'run: pnig 10',
      /^lab\.yaml:14: .*no command "pnig" \(did you mean "ping"\?\)/,
    ],
    [
      'words that a command does not know',
      'ping 10.0.0.2',
      'ping 10.0.0',
      /^lab\.yaml:14: .*ping: 10\.0\.0: Name or service not known/,
    ],
    [
      'an expectation that its command cannot meet',
      'expect: { replies: 1 }',
      'expect: { connected: true }',
      /^lab\.yaml:14: .*connected: unknown key/,
    ],
    [
      'a place without a cable',
      'expect: { replies: 1 }',
      'expect: { sees: [{ at: "a:eth3", frame: x }] }',
      /^lab\.yaml:14: .*a has no cable at "eth3" \(did you mean "eth0"\?\)/,
    ],
    ['a time', 'for: 2s', 'for: 2 sec', /^lab\.yaml:17: steps\[1\]\.for: not a time: "2 sec"; such as 20ms/],
    [
      'a sysctl',
      'a: { kind: host,',
      'a: { kind: host, sysctl: { net.ipv4.ip_fowrard: 1 },',
      /^lab\.yaml:4: topology\.nodes\.a\.sysctl.*: unknown sysctl "net\.ipv4\.ip_fowrard" \(did you mean "net\.ipv4\.ip_forward"\?\)/,
    ],
    [
      'a rule',
      'a: { kind: host,',
      'a: { kind: host, rules: "*filter\\n-A INPUT -j NOWHERE\\nCOMMIT\\n",',
      /^lab\.yaml:\d+: .*NOWHERE/,
    ],
    [
      'a hypervisor without a switch',
      'a: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }',
      'a: { kind: hypervisor }',
      /^lab\.yaml:4: topology\.nodes\.a: a hypervisor has either a "switch" or a "network"/,
    ],
    ['broken YAML', 'topology:', 'topology: [', /^lab\.yaml:\d+:\d+: /],
  ];
  for (const [what, from, to, message] of mistakes) {
    it(`is refused with its line for ${what}`, () => {
      assert.ok(LAB.includes(from));
      assert.match(complaint(LAB.replace(from, to)), message);
    });
  }
});

describe('a gateway with helpers', () => {
  it('attaches those that its rules name', () => {
    const text = `topology:
  nodes:
    client: { interfaces: { eth0: 10.0.0.2/24 }, gateway: 10.0.0.1 }
    router:
      kind: gateway
      interfaces: { eth0: 10.0.0.1/24, eth1: 10.1.0.1/24 }
      helpers: { mode: linux }
      rules: |
        *raw
        :PREROUTING ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
        COMMIT
    server: { interfaces: { eth0: 10.1.0.2/24 }, gateway: 10.1.0.1, services: { 21: echo } }
  links:
    - { endpoints: ["client:eth0", "router:eth0"] }
    - { endpoints: ["router:eth1", "server:eth0"] }
steps:
  - { on: client, run: nc 10.1.0.2 21 USER anonymous, expect: { received: USER anonymous } }
  - { on: router, run: conntrack -L, expect: { output: helper=ftp } }
`;
    const reports = runSteps(new Lab(parseLab({ text, file: 'lab.yaml' })));
    assert.deepEqual(
      reports.map(({ failures }) => failures),
      [[], []],
    );
  });
});

describe('a host with sets', () => {
  const text = `topology:
  nodes:
    a: { interfaces: { eth0: 10.0.0.1/24 } }
    c: { interfaces: { eth0: 10.0.0.3/24 } }
    b:
      interfaces: { eth0: 10.0.0.2/24 }
      sets: |
        create friends hash:ip
        add friends 10.0.0.1
      accounting: [pings]
      rules: |
        *filter
        :INPUT DROP [0:0]
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A INPUT -m set --match-set friends src -m nfacct --nfacct-name pings -j ACCEPT
        COMMIT
    sw: { kind: switch, model: learning }
  links:
    - { endpoints: ["a:eth0", "sw:p1"] }
    - { endpoints: ["b:eth0", "sw:p2"] }
    - { endpoints: ["c:eth0", "sw:p3"] }
steps:
  - { on: a, run: ping 10.0.0.2, expect: { replies: 1 } }
  - { on: c, run: ping 10.0.0.2, expect: { replies: 0 } }
`;

  it('lets in whom its rules find there', () => {
    const lab = new Lab(parseLab({ text, file: 'lab.yaml' }));
    assert.deepEqual(
      runSteps(lab).map(({ failures }) => failures),
      [[], []],
    );
    assert.equal(lab.host('b').gateway.objects.accounting.get('pings')?.packets, 1);
  });

  it('is refused where a rule names a set that is not there, or a set is not to be had', () => {
    assert.match(
      complaint(text.replace('--match-set friends', '--match-set foes')),
      /^lab\.yaml:\d+: .*foes/,
    );
    assert.match(complaint(text.replace('hash:ip', 'hash:nothing')), /topology\.nodes\.b\.sets: line 1: /);
  });
});

describe('migrate', () => {
  const text = `topology:
  nodes:
    kvm1:
      kind: hypervisor
      switch: { model: learning, ports: [eth0] }
      guests: { vm: { interfaces: { eth0: 10.0.0.10/24 } } }
    kvm2: { kind: hypervisor, switch: { model: learning, ports: [eth0, vm] } }
    physical: { kind: switch, model: learning }
    desk: { interfaces: { eth0: 10.0.0.1/24 } }
  links:
    - { endpoints: ["kvm1:eth0", "physical:p1"] }
    - { endpoints: ["kvm2:eth0", "physical:p2"] }
    - { endpoints: ["desk:eth0", "physical:p3"] }
steps:
  - { on: desk, run: ping 10.0.0.10, expect: { replies: 1 } }
  - { on: vm, run: migrate kvm2 --downtime 100ms }
  - { on: desk, run: ping 10.0.0.10, expect: { replies: 1 } }
`;

  it('moves a guest between Linux bridges, which learn of it as QEMU announces it', () => {
    const [, move, ping] = runSteps(new Lab(parseLab({ text, file: 'lab.yaml' })));
    const seen = move!.crossings.filter(({ to }) => to.node === 'physical' && to.port === 'p2');
    assert.deepEqual(
      seen.map(({ sentAt }) => sentAt - move!.crossings[0]!.sentAt),
      [0, 50_000, 200_000, 450_000, 800_000],
    );
    assert.deepEqual(ping!.failures, []);
    assert.ok(ping!.crossings.every(({ to }) => to.node !== 'kvm1'));
  });

  for (const [from, to, message] of [
    [
      'migrate kvm2',
      'migrate kvm3',
      /lab\.yaml:16: .*no hypervisor "kvm3" \(did you mean "kvm1"\?\)|did you mean "kvm2"/,
    ],
    ['[eth0, vm]', '[eth0]', /lab\.yaml:16: .*kvm2 has no port "vm" for the guest/],
    ['100ms', '100 parsecs', /lab\.yaml:16: .*--downtime: not a time|migrate HYPERVISOR/],
  ] as const) {
    it(`refuses ${to}`, () => assert.match(complaint(text.replace(from, to)), message));
  }
});
