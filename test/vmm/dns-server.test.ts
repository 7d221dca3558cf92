/** The name server of a guest network: what it knows itself, what it asks others, and what comes when they do not answer. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import * as packet from 'dns-packet';
import { DnsNames } from '../../src/services/dns-names.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import type { Tcp } from '../../src/stack/tcp/index.ts';
import { DnsStream } from '../../src/vmm/services/dns-stream.ts';
import type { NameServer } from '../../src/vmm/services/name-server.ts';
import type { Resolver } from '../../src/vmm/services/dns-resolvers.ts';
import { DnsServer } from '../../src/vmm/services/dns-server.ts';
import { LeaseState, type Lease } from '../../src/services/dhcp4-leases.ts';
import { RealClock } from '../../src/vmm/real-clock.ts';
import { Outside } from '../../src/vmm/world/outside.ts';
import { parseIp4 } from '../../src/wire/address.ts';

const LEASE: Lease = {
  address: parseIp4('192.168.122.5')!,
  client: 'x',
  mac: '02:00:00:00:00:05',
  name: 'web',
  state: LeaseState.BOUND,
  expires: Infinity,
};
const NAMES = new DnsNames({
  domain: 'guests.internal',
  leases: [LEASE],
  leases6: [],
  fixed: new Map([['machine', ['100.64.0.2', 'fd53::2']]]),
});

describe('the name server', () => {
  const clock = new RealClock();
  const open: Socket[] = [];

  after(() => clock.stop());
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });

  /** A resolver that knows one address for every name, or keeps silent. */
  async function resolver(answer: ((query: packet.Packet) => Buffer) | null): Promise<Resolver> {
    const socket = createSocket('udp4');
    open.push(socket);
    socket.on('message', (message, { port, address }) => {
      if (answer !== null) socket.send(answer(packet.decode(message)), port, address);
    });
    await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
    return { address: '127.0.0.1', port: socket.address().port };
  }

  function ask(resolvers: Resolver[], name: string, type: packet.RecordType): Promise<packet.Packet> {
    const server = new DnsServer(NAMES, new Outside(clock), undefined, () => resolvers);
    const query = packet.encode({
      type: 'query',
      id: 77,
      flags: packet.RECURSION_DESIRED,
      questions: [{ type, name }],
    });
    return new Promise((done) =>
      server.query(query, 'guest', (answer) => done(packet.decode(Buffer.from(answer)))),
    );
  }

  const dataOf = ({ answers }: packet.Packet) =>
    answers!.map((answer) => (answer as packet.StringAnswer).data);
  const codeOf = (answer: packet.Packet) => (answer as packet.Packet & { rcode: string }).rcode;

  it('knows guests, gateway and machine, by name and by address, without asking anybody', async () => {
    assert.deepEqual(dataOf(await ask([], 'web.guests.internal', 'A')), ['192.168.122.5']);
    assert.deepEqual(dataOf(await ask([], 'WEB', 'A')), ['192.168.122.5']);
    assert.deepEqual(dataOf(await ask([], 'machine', 'AAAA')), ['fd53::2']);
    assert.deepEqual(dataOf(await ask([], '5.122.168.192.in-addr.arpa', 'PTR')), ['web.guests.internal']);
  });

  it('says what does not exist, and what exists without such a record', async () => {
    assert.equal(codeOf(await ask([], 'nobody.guests.internal', 'A')), 'NXDOMAIN');
    const none = await ask([], 'web', 'AAAA');
    assert.deepEqual([codeOf(none), none.answers], ['NOERROR', []]);
  });

  it('passes the answers of a resolver on, under the number of the query', async () => {
    const known = await resolver(({ id, questions }) =>
      packet.encode({
        type: 'response',
        id: id!,
        questions: questions!,
        answers: [{ type: 'A', name: questions![0]!.name, ttl: 60, data: '192.0.2.1' }],
      }),
    );
    const answer = await ask([known], 'example.org', 'A');
    assert.equal(answer.id, 77);
    assert.deepEqual(dataOf(answer), ['192.0.2.1']);
  });

  it('asks the next resolver where one is not there, and says so when there is none', async () => {
    const gone = await resolver(null);
    open.pop()!.close();
    const known = await resolver(({ id, questions }) =>
      packet.encode({ type: 'response', id: id!, questions: questions!, answers: [] }),
    );
    assert.equal(codeOf(await ask([gone, known], 'example.org', 'A')), 'NOERROR');
    assert.equal(codeOf(await ask([], 'example.org', 'A')), 'SERVFAIL');
  });

  it('believes no answer that bears another number', async () => {
    const forger = await resolver(({ id, questions }) =>
      packet.encode({ type: 'response', id: id! ^ 1, questions: questions!, answers: [] }),
    );
    const honest = await resolver(({ id, questions }) =>
      packet.encode({ type: 'response', id: id!, flags: 3, questions: questions!, answers: [] }),
    );
    assert.equal(codeOf(await ask([forger, honest], 'example.org', 'A')), 'NXDOMAIN');
  });

  it('takes no notice of what is no query', () => {
    const server = new DnsServer(NAMES, new Outside(clock), undefined, () => []);
    const response = packet.encode({ type: 'response', id: 1, questions: [{ type: 'A', name: 'web' }] });
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(5000), response]) {
      server.query(bytes, 'guest', () => assert.fail('it was answered'));
    }
  });
});

describe('names by stream', () => {
  it('are not asked for a client that reads no answers: a few wait, and it is read no further', () => {
    let asked = 0;
    const server: NameServer = {
      query: (_query, _client, answer) => {
        asked++;
        answer(new Uint8Array(60_000));
      },
    };
    /** Has queries without end, and takes nothing. */
    const connection = {
      ...{ family: 4, remote: new Int32Array(4), unread: 1, listener: null },
      read: (into: Uint8Array) => into.fill(0, 0, 1).fill(1, 1).length,
      write: () => 0,
      abort: () => assert.fail('aborted'),
      close: () => {},
    };
    let welcome = () => {};
    const tcp = {
      host: { clock: new VirtualClock(0) },
      listen: ({ onConnection }: { onConnection: (listener: object) => void }) => {
        const waiting = [connection];
        welcome = () => onConnection({ accept: () => waiting.pop() });
      },
    };
    new DnsStream(tcp as unknown as Tcp, server);
    welcome();
    assert.equal(asked, 16);
  });
});
