/** Files of guest networks: what they say, and where they are wrong. */
import assert from 'node:assert/strict';
import { parseNetworkFile } from '../../src/vmm/network-file.ts';

const parse = (text: string) => parseNetworkFile({ text, file: 'net.yaml' });

describe('the file of a guest network', () => {
  it('describes guests, what they may, and how they are reached', () => {
    const file = parse(`
address: [192.168.5.1/24, "fd00:5::1/64"]
mtu: 9000
lease: 600
guests:
  web: { socket: "connect:tcp:127.0.0.1:4000", mac: "02:00:00:00:00:11", ip: 192.168.5.11, rate: 1.5mbit, connections: 7 }
  __proto__: db.sock
forwards: [8080=web:80]
names: { allow: ["*.Example.org"], only: true }
limits: { connections: 5, rate: 1mbit }
resolvers: [192.0.2.53, '[2001:db8::53]:5300']
sysctl: { net.netfilter.nf_conntrack_max: 100 }
log: audit.jsonl
`);
    assert.deepEqual(file.addresses, ['192.168.5.1/24', 'fd00:5::1/64']);
    assert.deepEqual(file.guests, [
      {
        name: 'web',
        attachment: { kind: 'stream', address: { host: '127.0.0.1', port: 4000 }, listen: false },
        mac: '02:00:00:00:00:11',
        rate: 1_500_000,
        connections: 7,
        trusted: false,
      },
      {
        name: '__proto__',
        attachment: { kind: 'stream', address: { path: 'db.sock' }, listen: true },
        mac: undefined,
        rate: 1_000_000,
        connections: undefined,
        trusted: false,
      },
    ]);
    assert.deepEqual(
      file.reservations.map(({ name, mac }) => [name, mac]),
      [['web', '02:00:00:00:00:11']],
    );
    assert.equal(file.forwards[0]!.guestPort, 80);
    assert.deepEqual(file.names, {
      allow: ['*.example.org'],
      deny: [],
      only: true,
      sets: new Map(),
    });
    assert.deepEqual(file.resolvers, [
      { address: '192.0.2.53', port: 53 },
      { address: '2001:db8::53', port: 5300 },
    ]);
    assert.equal(file.connectionsPerGuest, 5);
    assert.equal(file.leaseSeconds, 600);
  });

  it('has sets for its rules to name, and refuses those that are not there', () => {
    const sets = 'sets: create office hash:net\n';
    const rules = 'rules: |\n  *filter\n  -A FORWARD -m set --match-set office dst -j DROP\n  COMMIT\n';
    assert.equal(parse(sets + rules).rulesets.length, 1);
    assert.equal(parse(sets + rules).named['sets'], 'create office hash:net');
    assert.throws(() => parse(rules), /Set office doesn't exist/);
    assert.throws(() => parse('sets: create office hash:nothing\n'), /sets: line 1: /);
  });

  it('may say nothing at all', () => {
    assert.deepEqual(parse('').guests, []);
  });

  const WRONG: readonly (readonly [text: string, line: number, message: RegExp])[] = [
    ['mtu: 100', 1, /mtu: must be a whole number from 1280 to 65520, not 100/],
    [
      'guests:\n  web: x\n  db: { sockt: y }',
      3,
      /guests\.db\.sockt: unknown key; did you mean "socket"|unknown key/,
    ],
    ['guests:\n  web: { socket: x, ip: 10.0.0.1 }', 2, /guests\.web\.ip: needs "mac"/],
    ['guests:\n  web: { socket: x, mac: "03:00:00:00:00:01" }', 2, /not a MAC address that a guest may have/],
    ['guests:\n  web: { socket: x, rate: fast }', 2, /"fast" is not a rate/],
    ['address:\n  - 10.0.0.1/24\n  - 10.0.0.300/24', 3, /address\[1\]: not an address/],
    ['forwards:\n  - 80', 2, /forwards\[0\]: must be a text/],
    ['forwards: ["80=web"]', 1, /forwards\[0\]: "80=web" is not/],
    ['names: { allow: ["ex ample"] }', 1, /not a name/],
    ['names:\n  allow: []\n  alow: []', 3, /names\.alow: unknown key/],
    ['\n\nrules: |\n  *filter\n  -A FORWARD -j NOWHERE\n  COMMIT\n', 5, /NOWHERE/],
    ['resolvers:\n  - example.org', 2, /resolvers\[0\]: not ADDRESS/],
    ['guests:\n  web: { nic: x }', 2, /guests\.web\.nic: must be a Nic/],
    ['guests: [a', 1, /./],
  ];
  for (const [text, line, message] of WRONG) {
    it(`names line ${line} of ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parse(text),
        (error: { place: { file: string; line: number }; message: string }) => {
          assert.deepEqual([error.place.file, error.place.line], ['net.yaml', line]);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});
