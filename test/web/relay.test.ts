/** The way out of a browser's network by a relay: a network of this machine's behind a WebSocket, and a guest of our own stack. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as packet from 'dns-packet';
import { WebSocket } from 'ws';
import {
  AuditLog,
  createNetwork,
  echo,
  echoDatagrams,
  GatewayConsole,
  RelayNic,
  type BrowserNetwork,
  type RelaySocket,
} from '../../src/browser.ts';
import { GuestNetwork, parseForward } from '../../src/vmm/index.ts';
import { WebSocketNic } from '../../src/vmm/nics/websocket-nic.ts';
import { parseAddress } from '../../src/stack/address.ts';
import { Type, parseResponse, query } from '../../src/wire/dns.ts';
import { ask, exchange, stackGuest, StackNic, type StackGuest } from '../vmm/stack-guest.ts';

const MACHINE = '100.64.0.2';
const MACHINE_6 = 'fd53:6c75:6963:6500::2';
const OWN = ['203.0.113.7', '2001:db8::7'];
/** fd00:122:: */
const PREFIX_6 = 0xfd000122 | 0;
const LARGE = Buffer.alloc(300_000, 'sluice ');

describe('a network in a browser, behind a relay', function () {
  this.timeout(60_000);
  let machine: GuestNetwork;
  let port: number;
  let network: BrowserNetwork;
  let gateway: GatewayConsole;
  let guest: StackGuest;
  let tcp: Server;
  let udp: Socket;
  let tcpPort: number;
  let udpPort: number;
  const calls: WebSocket[] = [];
  class Caller extends WebSocket {
    constructor(url: string) {
      super(url);
      calls.push(this);
    }
  }
  const relay = () => new RelayNic(`ws://127.0.0.1:${port}/`, Caller as new (url: string) => RelaySocket);

  const raise = async (address: string, taken = 0) => {
    const nic = new WebSocketNic({ host: '127.0.0.1', port: taken });
    machine = new GuestNetwork({
      addresses: [address, 'fd00:122::1/64'],
      mtu: 1400,
      guests: [{ name: 'page', nic }],
      resolvers: [{ address: '127.0.0.1', port: udpPort }],
    });
    await machine.start();
    port = nic.port;
  };
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await sleep(20);
  };
  const hasWay = () => network.gateway.host.routes4.all().some(({ length }) => length === 0);
  const echoed = (address: string, bytes = Buffer.from('over')) =>
    exchange(network, guest, address, tcpPort, bytes);
  const datagram = (address: string, to = udpPort) => ask(network, guest, address, to, Buffer.from('hello'));
  const lookUp = async (name: string) => {
    const answer = await ask(network, guest, '192.168.123.1', 53, query(7, name, Type.A), 8000);
    const { code, answers } = parseResponse(answer as Buffer)!;
    return { code, addresses: answers.map(({ data }) => (data as Uint8Array).join('.')) };
  };

  before(async () => {
    tcp = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '::');
    udp = createSocket({ type: 'udp6' });
    // Questions are answered, all else is said back.
    udp.on('message', (message, { port: from, address }) => {
      const isQuery = message.length > 12 && message.readUInt16BE(4) === 1;
      udp.send(isQuery ? answerTo(message) : message, from, address);
    });
    await new Promise<void>((done) => udp.bind(0, '::', done));
    tcpPort = (tcp.address() as { port: number }).port;
    udpPort = udp.address().port;
    await raise('192.168.122.1/24');
    const nic = new StackNic();
    network = await createNetwork({
      guests: { linux: nic },
      relay: relay(),
      names: { allow: [], deny: ['evil.example'], only: false },
      audit: new AuditLog(),
      servers: { 'own.example': { addresses: OWN, ports: { 7: echo }, datagrams: { 7: echoDatagrams } } },
    });
    gateway = new GatewayConsole(network);
    const addresses = ['192.168.123.5/24', 'fd53:6c75:6963:7b00::5/64'];
    guest = stackGuest(network, nic, addresses, ['192.168.123.1', 'fd53:6c75:6963:7b00::1']);
    await until(() => network.relay?.address !== null);
  });

  after(async () => {
    await network.close();
    await machine.close();
    tcp.close();
    udp.close();
  });

  it('has an address of the relay’s, and heeds its MTU', async () => {
    assert.match(network.relay!.address!, /^192\.168\.122\.\d+$/);
    assert.match((await gateway.run('ip link show wan')).text, /mtu 1400/);
    // Of IPv6 as well, once nobody else was found to have it.
    const { addresses } = network.gateway.host;
    await until(() => addresses.all.some(({ words }) => words[0] === PREFIX_6));
  });

  it('reaches the machine of the relay by TCP, UDP and ping, over IPv4 and IPv6', async () => {
    for (const address of [MACHINE, MACHINE_6]) {
      const { received, error } = await echoed(address, LARGE);
      assert.equal(error, null);
      assert.ok(received.equals(LARGE));
      assert.equal(String(await datagram(address)), 'hello');
    }
    assert.match((await gateway.run(`ping -c 1 ${MACHINE}`)).text, /1 packets transmitted, 1 received/);
  });

  it('asks the relay for names, but for those of its own and those that are denied', async () => {
    assert.deepEqual((await lookUp('somewhere.example')).addresses, ['192.0.2.7']);
    assert.deepEqual((await lookUp('machine')).addresses, [MACHINE]);
    assert.deepEqual((await lookUp('own.example')).addresses, [OWN[0]]);
    const asked = query(8, 'machine', Type.A);
    const byStream = Buffer.concat([Buffer.of(0, asked.length), asked]);
    const { received } = await exchange(network, guest, '192.168.123.1', 53, byStream);
    const [told] = parseResponse(Uint8Array.from(received.subarray(2)))!.answers;
    assert.deepEqual(told!.data, Uint8Array.of(100, 64, 0, 2));
    assert.equal((await lookUp('evil.example')).code, 5);
    assert.equal((await lookUp('alias.example')).code, 5, 'an alias of a name that is denied');
  });

  it('has servers of its own beside it, by TCP and UDP', async () => {
    for (const address of OWN) {
      assert.equal(
        (await exchange(network, guest, address, 7, Buffer.from('own'))).received.toString(),
        'own',
      );
      assert.equal(String(await datagram(address, 7)), 'hello');
    }
  });

  it('refuses what its own rules refuse', async () => {
    await gateway.run(`iptables -A FORWARD -p tcp --dport ${tcpPort} -j REJECT --reject-with tcp-reset`);
    await gateway.run(`iptables -A FORWARD -p udp --dport ${udpPort} -j REJECT`);
    assert.equal((await echoed(MACHINE)).error, 'ECONNREFUSED');
    assert.equal(await datagram(MACHINE), 'ECONNREFUSED');
    for (const number of [3, 2]) await gateway.run(`iptables -D FORWARD ${number}`);
    assert.equal((await echoed(MACHINE)).error, null);
  });

  it('lets nobody in who is where the relay is', async () => {
    const { port: entry } = await machine.forwards.add(parseForward(`0=${network.relay!.address}:53`));
    const caller = connect(entry, '127.0.0.1').on('error', () => {});
    let listed = '';
    while (!/\n +[1-9]\d* +\d+ DROP /.test(listed)) {
      listed = (await gateway.run('iptables -nvxL INPUT')).text;
      await sleep(20);
    }
    caller.destroy();
  });

  it('keeps its connections while the relay is away, and says meanwhile that there is no way', async () => {
    const before = network.relay!.address;
    const lasting = lastingEcho(guest, tcpPort);
    assert.equal(await lasting.say('one'), 'one');
    calls.at(-1)!.terminate();
    await until(() => !network.relay!.isUp);
    assert.equal((await echoed(MACHINE)).error, 'ENETUNREACH');
    const answered = lasting.say('two');
    await until(() => network.relay!.isUp);
    await until(() => hasWay());
    assert.equal(network.relay!.address, before);
    assert.equal((await echoed(MACHINE)).error, null);
    assert.equal(String(await datagram(MACHINE)), 'hello');
    assert.equal(await answered, 'two');
  });

  it('finds another network where the relay was, and takes none that is its guests’', async () => {
    await machine.close();
    await until(() => !network.relay!.isUp);
    await raise('192.168.123.1/24', port);
    await until(() => network.relay!.problem !== null);
    assert.match(network.relay!.problem!, /that of the guests: 192\.168\.123\.\d+\/24$/);
    await machine.close();
    await until(() => !network.relay!.isUp);
    await raise('10.5.0.1/16', port);
    await until(() => network.relay!.address?.startsWith('10.5.') === true);
    assert.equal(network.relay!.problem, null);
    assert.equal((await echoed(MACHINE)).error, null);
  });
});

/** A connection that stays open, on which what is said comes back. */
function lastingEcho({ tcp }: StackGuest, remotePort: number) {
  let heard: (text: string) => void = () => {};
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const connection = tcp.connect(
    { family: 4, remote: parseAddress(MACHINE)!.words, remotePort },
    {
      onConnect: () => heard(''),
      onReadable: (c) => {
        const text = decode(c.peek());
        c.consume(text.length);
        heard(text);
      },
    },
  );
  const next = () => new Promise<string>((done) => (heard = done));
  const opened = next();
  return {
    async say(text: string): Promise<string> {
      await opened;
      const answer = next();
      connection.write(new TextEncoder().encode(text));
      return answer;
    },
  };
}

function answerTo(message: Buffer): Buffer {
  const asked = packet.decode(message);
  const { name } = asked.questions![0]!;
  const answers: packet.Answer[] = [
    ...(name === 'alias.example' ? [{ type: 'CNAME' as const, name, ttl: 60, data: 'evil.example' }] : []),
    { type: 'A', name: name === 'alias.example' ? 'evil.example' : name, ttl: 60, data: '192.0.2.7' },
  ];
  return packet.encode({ ...asked, type: 'response', answers });
}
