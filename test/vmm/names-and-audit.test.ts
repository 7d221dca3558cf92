/** Names that guests may ask for, addresses that they learn by them, and what is written down; S-3 and S-8 of hostile input. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as packet from 'dns-packet';
import { VirtualClock } from '../../src/base/clock.ts';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import { AuditFile } from '../../src/vmm/audit-file.ts';
import { AuditLog } from '../../src/vmm/audit.ts';
import { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { NamePolicy, type NameRules } from '../../src/vmm/services/name-policy.ts';
import { resolvedAddresses } from '../../src/vmm/services/resolved-addresses.ts';
import { ask, exchange, stackGuest, StackNic, type StackGuest } from './stack-guest.ts';

const REFUSED = 5;
const START = 1_700_000_000_000_000;
const policy = (rules: Partial<NameRules>, clock = new VirtualClock(START)) =>
  new NamePolicy({ allow: [], deny: [], only: false, ...rules }, clock);

describe('the policy of names', () => {
  it('allows all but what is denied, or nothing but what is allowed', () => {
    const denying = policy({ deny: ['*.evil.example', 'bad.example'] });
    for (const name of ['good.example', 'evil.example']) assert.equal(denying.allows(name), true, name);
    for (const name of ['a.evil.example', 'A.B.EVIL.example.', 'bad.example'])
      assert.equal(denying.allows(name), false, name);
    const allowing = policy({ allow: ['*.good.example', 'one.example'], deny: ['x.good.example'] });
    for (const name of ['a.good.example', 'one.example']) assert.equal(allowing.allows(name), true, name);
    for (const name of ['good.example', 'x.good.example', 'notgood.example', 'two.one.example'])
      assert.equal(allowing.allows(name), false, name);
  });

  it('does not follow an alias to a name that is denied', () => {
    const denying = policy({ deny: ['*.evil.example'] });
    assert.equal(
      denying.allowsAnswer([{ type: 'CNAME', name: 'good.example', data: 'a.evil.example' }]),
      false,
    );
  });

  it('lets guests reach what allowed names led to, for as long as that holds, and nothing private', () => {
    const clock = new VirtualClock(START);
    const only = policy({ allow: ['good.example'], only: true }, clock);
    assert.equal(only.reaches('192.0.2.7'), false);
    const answered = (type: 'A' | 'AAAA', data: string) => ({ type, name: 'good.example', ttl: 300, data });
    only.learn(
      resolvedAddresses('good.example', [
        answered('A', '192.0.2.7'),
        answered('A', '192.168.1.1'),
        answered('A', '169.254.169.254'),
        answered('AAAA', 'fd00::1'),
      ]),
    );
    assert.equal(only.reaches('192.0.2.7'), true);
    for (const address of ['192.168.1.1', '169.254.169.254', 'fd00::1'])
      assert.equal(only.reaches(address), false, address);
    clock.advanceTo(START + 301_000_000);
    assert.equal(only.reaches('192.0.2.7'), false);
  });

  it('remembers a bounded number of addresses', () => {
    const only = policy({ only: true });
    for (let i = 0; i < 20_000; i++) {
      only.learn([{ address: `8.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, seconds: 60 }]);
    }
    assert.equal(only.reaches('8.0.0.0'), false);
    assert.equal(only.reaches('8.0.78.31'), true);
  });
});

describe('a guest network with names and a log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-audit-'));
  const path = join(folder, 'audit.jsonl');
  let audit: AuditLog;
  let resolver: Socket;
  let network: GuestNetwork;
  let guest: StackGuest;

  beforeEach(async () => {
    resolver = createSocket('udp4');
    resolver.on('message', (message, { port, address }) => {
      const query = packet.decode(message);
      const { name } = query.questions![0]!;
      const answers: packet.Answer[] = [{ type: 'A', name, ttl: 60, data: '192.0.2.7' }];
      resolver.send(packet.encode({ ...query, type: 'response', answers }), port, address);
    });
    await new Promise<void>((done) => resolver.bind(0, '127.0.0.1', done));
    audit = new AuditLog(new AuditFile(path));
    const nic = new StackNic();
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: [{ name: 'web', nic }],
      names: { allow: ['*.good.example'], deny: [], only: false },
      resolvers: [{ address: '127.0.0.1', port: resolver.address().port }],
      audit,
      seed: 1,
    });
    await network.start();
    guest = stackGuest(
      network,
      nic,
      ['192.168.122.5/24', 'fd00:122::5/64'],
      ['192.168.122.1', 'fd00:122::1'],
    );
  });

  afterEach(async () => {
    await network.close();
    audit.close();
    resolver.close();
    rmSync(path, { force: true });
  });

  after(() => rmSync(folder, { recursive: true }));

  const lookUp = async (name: string, type: 'A' | 'TXT' = 'A') => {
    const query = packet.encode({
      type: 'query',
      id: 7,
      flags: packet.RECURSION_DESIRED,
      questions: [{ type, name }],
    });
    return packet.decode((await ask(network, guest, '192.168.122.1', 53, query)) as Buffer);
  };
  const written = () =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('refuses names that are not allowed, whatever is asked of them, and nobody else hears of them', async () => {
    assert.equal((await lookUp('a.good.example')).answers!.length, 1);
    for (const type of ['A', 'TXT'] as const) {
      const answer = await lookUp('secret.data.evil.example', type);
      assert.equal(answer.flags! & 15, REFUSED);
    }
    const lookups = written().filter(({ event }) => event === 'lookup');
    assert.deepEqual(
      lookups.map(({ guest: who, name, allowed }) => [who, name, allowed]),
      [
        ['web', 'a.good.example', true],
        ['web', 'secret.data.evil.example', false],
        ['web', 'secret.data.evil.example', false],
      ],
    );
  });

  it('writes down who went where, and how much went each way', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.resume();
      socket.on('end', () => socket.end('12345'));
    });
    await new Promise<void>((done) => server.listen(0, done));
    const { port } = server.address() as AddressInfo;
    await exchange(network, guest, '100.64.0.2', port, Buffer.from('abc'));
    while (!written().some(({ event }) => event === 'end')) await new Promise((done) => setTimeout(done, 10));
    server.close();
    const [connect, end] = written().filter(({ event }) => event === 'connect' || event === 'end');
    assert.deepEqual(
      [connect!['guest'], connect!['protocol'], connect!['to']],
      ['web', 'tcp', `100.64.0.2:${port}`],
    );
    assert.deepEqual([end!['sent'], end!['received']], [3, 5]);
  });

  it('writes down what a rule refused, and which', async () => {
    network.gateway.load(
      parseRestore(
        '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -p tcp --dport 23 -j DROP\nCOMMIT\n',
        {
          family: 4,
        },
      ),
    );
    void exchange(network, guest, '192.0.2.9', 23, Buffer.alloc(0));
    while (!written().some(({ event }) => event === 'refuse'))
      await new Promise((done) => setTimeout(done, 10));
    const refusal = written().find(({ event }) => event === 'refuse')!;
    assert.deepEqual(
      [refusal['guest'], refusal['to'], refusal['rule']],
      ['web', '192.0.2.9:23', 'filter:FORWARD:1'],
    );
  });

  it('writes down who caused a line of LOG or NFLOG, by which rule, over IPv4 and IPv6', async () => {
    const rules = (reject: string) =>
      `*filter\n:FORWARD ACCEPT\n-N watch\n-A FORWARD -j watch\n-A watch -p tcp --dport 22 -j ACCEPT\n` +
      `-A watch -p tcp --dport 23 -j LOG --log-prefix "telnet: "\n-A watch -p tcp --dport 23 -j NFLOG --nflog-group 5 ` +
      `--nflog-prefix copy\n-A watch -j REJECT --reject-with ${reject}\nCOMMIT\n`;
    network.gateway.load(parseRestore(rules('icmp-port-unreachable'), { family: 4 }));
    network.gateway.load(parseRestore(rules('icmp6-port-unreachable'), { family: 6 }));
    for (const address of ['192.0.2.9', '2001:db8::9'])
      await exchange(network, guest, address, 23, Buffer.alloc(0));
    const logged = written().filter(({ event }) => event === 'log');
    for (const to of ['192.0.2.9:23', '[2001:db8::9]:23']) {
      const [line, copy] = logged.filter((entry) => entry['to'] === to);
      assert.match(line!['text'] as string, /^telnet: IN=lan OUT=wan .*DPT=23 /);
      assert.deepEqual(
        [line, copy].map((entry) => [entry!['guest'], entry!['protocol'], entry!['rule'], entry!['group']]),
        [
          ['web', 'tcp', 'filter:watch:2', undefined],
          ['web', 'tcp', 'filter:watch:3', 5],
        ],
      );
      assert.equal(copy!['text'], 'copy');
    }
  });

  it('S-8: goes on where it was after a restart, and obeys no characters of a guest', () => {
    audit.write(START, { event: 'lookup', name: '\u009b31mred\u202e\n\u001b[2J' });
    audit.close();
    audit = new AuditLog(new AuditFile(path));
    audit.write(START, { event: 'link', up: true });
    const text = readFileSync(path, 'utf8');
    assert.equal(text.split('\n').length, 3 + 1);

    assert.doesNotMatch(text.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u202e]/);
    assert.equal(written().find(({ event }) => event === 'lookup')!['name'], '\u009b31mred\u202e\n\u001b[2J');
  });

  it('is not filled by one guest: a hundred lines a second, and then how many were left out', () => {
    for (let i = 0; i < 5000; i++) network.clock.at(0, () => {});
    const before = written().length;
    for (let i = 0; i < 1000; i++) {
      const socket = guest.udp.open({ family: 4 });
      socket.send(Uint8Array.of(1), Int32Array.of(0xc0000200 | i, 0, 0, 0), 9);
      socket.close();
    }
    assert.ok(written().length - before <= 100);
  });
});
