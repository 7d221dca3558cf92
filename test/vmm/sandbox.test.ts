/** Guests that are not to be trusted: sets fed from names, the sandbox, guests apart from each other; S-3 and S-4 of hostile input. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import * as packet from 'dns-packet';
import { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { readNetworkSettings, type NetworkSettings } from '../../src/vmm/network-settings.ts';
import { RunningNetwork } from '../../src/vmm/running-network.ts';
import { resolvedAddresses } from '../../src/vmm/services/resolved-addresses.ts';
import { makeNamedObjects } from '../../src/netfilter/named-objects.ts';
import { NameSets } from '../../src/vmm/services/name-sets.ts';
import { loadSets, saveSets } from '../../src/netfilter/sets/index.ts';
import { SeededRng } from '../../src/base/rng.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { ask, exchange, stackGuest, StackNic, type StackGuest } from './stack-guest.ts';

const START = 1_700_000_000_000_000;
const GATEWAY = '192.168.122.1';

describe('where an answer leads', () => {
  const cname = (name: string, data: string, ttl = 300) => ({ type: 'CNAME' as const, name, data, ttl });
  const a = (name: string, data: string, ttl = 300) => ({ type: 'A' as const, name, data, ttl });

  it('follows aliases, and holds as long as the shortest record on the way, a minute at least', () => {
    const answers = [
      a('c.cdn.example', '192.0.2.7', 900),
      cname('www.good.example', 'b.cdn.example'),
      cname('B.cdn.example', 'c.cdn.example', 1),
    ];
    assert.deepEqual(resolvedAddresses('WWW.good.example', answers), [{ address: '192.0.2.7', seconds: 60 }]);
    assert.deepEqual(resolvedAddresses('c.cdn.example', answers), [{ address: '192.0.2.7', seconds: 900 }]);
  });

  it('leads nowhere by records about other names, or by aliases in a circle', () => {
    assert.deepEqual(resolvedAddresses('good.example', [a('evil.example', '192.0.2.66')]), []);
    const circle = [cname('a.example', 'b.example'), cname('b.example', 'a.example')];
    assert.deepEqual(resolvedAddresses('a.example', circle), []);
  });
});

describe('sets that names fill', () => {
  const sets = () => {
    const clock = new VirtualClock(START);
    const objects = makeNamedObjects(clock);
    loadSets(
      'create s hash:ip timeout 0\ncreate s6 hash:ip family inet6 timeout 0\n',
      objects.sets,
      new SeededRng(1),
    );
    const names = new NameSets(new Map([['s', ['*.good.example']]]), objects.sets);
    const saved = () =>
      saveSets(objects.sets)
        .filter((line) => line.startsWith('add'))
        .sort();
    return { clock, names, saved };
  };

  it('hold the addresses of their names, by family, until the answer ends', () => {
    const { clock, names, saved } = sets();
    names.learn('a.good.example', [
      { address: '192.0.2.7', seconds: 60 },
      { address: '2001:db8::7', seconds: 90 },
    ]);
    names.learn('other.example', [{ address: '192.0.2.8', seconds: 60 }]);
    assert.deepEqual(saved(), ['add s 192.0.2.7 timeout 60', 'add s6 2001:db8::7 timeout 90']);
    clock.advanceTo(START + 30_000_000);
    names.learn('b.good.example', [{ address: '192.0.2.7', seconds: 60 }]);
    assert.deepEqual(saved()[0], 'add s 192.0.2.7 timeout 60');
    clock.advanceTo(START + 91_000_000);
    assert.deepEqual(saved(), []);
  });

  it('take no private address from anybody (rebinding)', () => {
    const { names, saved } = sets();
    const addresses = [
      '10.0.0.1',
      '127.0.0.1',
      '169.254.169.254',
      '100.64.0.2',
      'fd00::1',
      '::ffff:10.0.0.1',
    ];
    names.learn(
      'a.good.example',
      addresses.map((address) => ({ address, seconds: 60 })),
    );
    assert.deepEqual(saved(), []);
  });

  it('are made unless they are there, and refused where they could not hold addresses for a time', () => {
    const wanted: NetworkSettings = { names: { sets: { s: ['x.example'] } } };
    assert.match(
      String(readNetworkSettings({ ...wanted }).named['sets']),
      /^create s hash:ip .*\ncreate s6 /,
    );
    assert.throws(
      () => readNetworkSettings({ ...wanted, sets: 'create s hash:net timeout 0' }),
      /names\.sets: "s" must be a set of addresses of IPv4 that end/,
    );
  });
});

describe('the sandbox', () => {
  let resolver: Socket;
  let network: RunningNetwork;
  let guest: StackGuest;
  let other: StackGuest;
  const events: { event: string; [key: string]: unknown }[] = [];
  const answers: Record<string, packet.Answer[]> = {
    'good.example': [{ type: 'A', name: 'good.example', ttl: 60, data: '192.0.2.7' }],
    'rebinding.example': [{ type: 'A', name: 'rebinding.example', ttl: 60, data: '192.168.122.6' }],
  };

  before(async () => {
    resolver = createSocket('udp4');
    resolver.on('message', (message, { port, address }) => {
      const query = packet.decode(message);
      const records = answers[query.questions![0]!.name] ?? [];
      resolver.send(packet.encode({ ...query, type: 'response', answers: records }), port, address);
    });
    await new Promise<void>((done) => resolver.bind(0, '127.0.0.1', done));
    const nics = [new StackNic(), new StackNic()];
    network = new RunningNetwork(
      readNetworkSettings({
        template: 'sandbox',
        address: [`${GATEWAY}/24`],
        names: { allow: ['good.example', 'rebinding.example'] },
        resolvers: [`127.0.0.1:${resolver.address().port}`],
        guests: { web: { nic: nics[0] }, db: { nic: nics[1] } },
      }),
      { audit: (entry) => events.push(entry) },
    );
    await network.start();
    guest = stackGuest(network.engine, nics[0]!, ['192.168.122.5/24'], [GATEWAY]);
    other = stackGuest(network.engine, nics[1]!, ['192.168.122.6/24'], [GATEWAY], '02:00:00:00:00:06');
    // So that the network knows where it is.
    await ask(network.engine, other, GATEWAY, 53, Buffer.from('nothing'), 50);
  });

  after(async () => {
    await network.close();
    resolver.close();
  });

  beforeEach(() => void (events.length = 0));

  const lookUp = async (name: string) => {
    const query = packet.encode({
      type: 'query',
      id: 7,
      flags: packet.RECURSION_DESIRED,
      questions: [{ type: 'A', name }],
    });
    return packet.decode((await ask(network.engine, guest, GATEWAY, 53, query)) as Buffer);
  };
  const refused = async (address: string) => {
    const { error } = await exchange(network.engine, guest, address, 80, Buffer.alloc(0));
    return error;
  };

  it('refuses addresses that no allowed name led to, and says by which rule', async () => {
    assert.equal(await refused('198.51.100.9'), 'EHOSTUNREACH');
    const refusal = events.find(({ event }) => event === 'refuse')!;
    assert.deepEqual([refusal['guest'], refusal['to']], ['web', '198.51.100.9:80']);
    assert.match(String(refusal['rule']), /^filter:FORWARD:\d+$/);
  });

  it('lets through what an allowed name led to', async () => {
    assert.equal((await lookUp('good.example')).answers!.length, 1);
    void exchange(network.engine, guest, '192.0.2.7', 80, Buffer.alloc(0));
    assert.match(network.rules(), /^\[1:60\] -A FORWARD .*--match-set sandbox dst -j ACCEPT$/m);
  });

  it('refuses every other name', async () => {
    assert.equal((await lookUp('evil.example')).flags! & 15, 5);
  });

  for (const [what, address] of [
    ["clouds' metadata", '169.254.169.254'],
    ['this machine', '100.64.0.2'],
    ['private networks', '10.0.0.1'],
    ['another guest', '192.168.122.6'],
  ] as const) {
    it(`keeps ${what} out of reach`, async () => {
      assert.equal(await refused(address), 'EHOSTUNREACH');
    });
  }

  it('keeps another guest out of reach also under a name that leads to it', async () => {
    await lookUp('rebinding.example');
    assert.equal(await refused('192.168.122.6'), 'EHOSTUNREACH');
  });
});

describe('guests apart from each other', () => {
  it('reach each other through the gateway, as far as its rules let them', async () => {
    const nics = [new StackNic(), new StackNic()];
    const network = new RunningNetwork(
      readNetworkSettings({
        isolate: true,
        address: [`${GATEWAY}/24`],
        guests: { web: { nic: nics[0] }, db: { nic: nics[1] } },
        rules: '*filter\n-A FORWARD -i lan -o lan -p tcp --dport 23 -j REJECT\nCOMMIT\n',
      }),
    );
    await network.start();
    const web = stackGuest(network.engine, nics[0]!, ['192.168.122.5/24'], [GATEWAY]);
    const db = stackGuest(network.engine, nics[1]!, ['192.168.122.6/24'], [GATEWAY], '02:00:00:00:00:06');
    await ask(network.engine, db, GATEWAY, 53, Buffer.from('nothing'), 50);
    // Nobody listens there: the guest itself refuses the one, the gateway the other.
    assert.equal(
      (await exchange(network.engine, web, '192.168.122.6', 22, Buffer.alloc(0))).error,
      'ECONNREFUSED',
    );
    assert.equal(
      (await exchange(network.engine, web, '192.168.122.6', 23, Buffer.alloc(0))).error,
      'ECONNREFUSED',
    );
    assert.match(network.rules(), /^\[1:60\] -A FORWARD -i lan -o lan .* --dport 23/m);
    await network.close();
  });

  it('are told of no neighbours by the advertisement', async () => {
    const advertised: number[] = [];
    const nic = new StackNic();
    const network = new GuestNetwork({
      addresses: ['fd00:122::1/64'],
      guests: [{ name: 'web', nic }],
      isolate: true,
    });
    nic.connect((bytes) => {
      // A router advertisement: the flags of its prefix option, which begins with type 3 and length 4.
      const at = Buffer.from(bytes).indexOf(Buffer.of(3, 4, 64));
      if (bytes[54] === 134 && at > 0) advertised.push(bytes[at + 3]!);
    });
    await network.start();
    while (advertised.length === 0) await new Promise((done) => setTimeout(done, 10));
    // Autonomous, but not on-link.
    assert.deepEqual(advertised, [0x40]);
    await network.close();
  });
});

describe('the settings of a sandbox', () => {
  it('name what is allowed, and bring their own rules', () => {
    assert.throws(
      () => readNetworkSettings({ template: 'sandbox' }),
      /names\.allow: a sandbox needs the names/,
    );
    const names = { allow: ['a.example'] };
    assert.throws(
      () => readNetworkSettings({ template: 'sandbox', names, rules: '' }),
      /rules: .* brings its own/,
    );
    assert.throws(() => readNetworkSettings({ template: 'sandbx', names }), /did you mean "?sandbox/);
  });
});
