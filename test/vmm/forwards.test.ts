/** Ports of this machine that lead to guests; the guest is a stack of ours. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import type { Connection } from '../../src/stack/tcp/index.ts';
import { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { formatForward, parseForward } from '../../src/vmm/world/forward.ts';
import { formatIp } from '../../src/wire/address.ts';
import { stackGuest, StackNic, type StackGuest } from './stack-guest.ts';
import { requireOrSkip } from '../support/require.ts';

const GUEST = { 4: '192.168.122.5', 6: '[fd00:122::5]' } as const;
const GUEST_PORT = 8000;

interface Seen {
  readonly address: string;
  readonly port: number;
}

/** The guest answers whoever connects with what it hears, backwards, and says who it was. */
function reverse(guest: StackGuest, seen: Seen[]): void {
  guest.tcp.listen({
    port: GUEST_PORT,
    onConnection: (listener) => {
      for (let c = listener.accept(); c !== undefined; c = listener.accept()) {
        seen.push({ address: textOf(c.family, c.remote), port: c.remotePort });
        const heard: number[] = [];
        c.listener = {
          onReadable: (it: Connection) => {
            const bytes = new Uint8Array(it.unread);
            heard.push(...bytes.subarray(0, it.read(bytes)));
          },
          onEnd: (it: Connection) => {
            it.write(Uint8Array.from(heard.reverse()));
            it.shutdown();
          },
        };
      }
    },
  });
}

function textOf(family: number, words: Int32Array): string {
  return formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
}

/** What comes back to what is sent, or the error. */
function talk(host: string, port: number, text: string): Promise<{ text: string; local: number } | string> {
  return new Promise((done) => {
    let heard = '';
    let local = 0;
    const socket: Socket = connect({ host, port, allowHalfOpen: true }, () => {
      local = socket.localPort!;
      socket.end(text);
    });
    socket.on('data', (chunk) => (heard += chunk.toString()));
    socket.on('end', () => done({ text: heard, local }));
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code!));
  });
}

function ask(type: 'udp4' | 'udp6', host: string, port: number, text: string): Promise<string> {
  return new Promise((done) => {
    const socket = createSocket(type);
    socket.on('message', (message) => {
      socket.close();
      done(message.toString());
    });
    socket.send(text, port, host);
  });
}

describe('port forwards', () => {
  let network: GuestNetwork;
  let guest: StackGuest;
  let seen: Seen[];

  beforeEach(async () => {
    const nic = new StackNic();
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: [{ name: 'web', nic }],
      seed: 1,
    });
    await network.start();
    guest = stackGuest(
      network,
      nic,
      ['192.168.122.5/24', 'fd00:122::5/64'],
      ['192.168.122.1', 'fd00:122::1'],
    );
    seen = [];
    reverse(guest, seen);
  });

  afterEach(() => network.close());

  const open = async (text: string) => (await network.forwards.add(parseForward(text))).port;

  for (const family of [4, 6] as const) {
    const host = family === 4 ? '127.0.0.1' : '::1';
    it(`lead to a guest's TCP over IPv${family}, half closed too, and guests see this machine`, async () => {
      const port = await open(`${family === 4 ? host : `[${host}]`}:0=${GUEST[family]}:${GUEST_PORT}`);
      const answer = await talk(host, port, 'hello');
      assert.equal(typeof answer === 'string' ? answer : answer.text, 'olleh');
      assert.equal(seen[0]!.address, family === 4 ? '100.64.0.2' : 'fd53:6c75:6963:6500::2');
    });

    it(`lead to a guest's UDP over IPv${family}, each client for itself`, async () => {
      const socket = guest.udp.open({ family, port: GUEST_PORT });
      socket.listener = {
        onMessage: () => {
          const { bytes, address, port } = socket.receive()!;
          socket.send(bytes.slice().reverse(), address, port);
        },
      };
      const port = await open(`udp/${family === 4 ? host : `[${host}]`}:0=${GUEST[family]}:${GUEST_PORT}`);
      const type = family === 4 ? 'udp4' : 'udp6';
      const answers = await Promise.all(['abc', 'def'].map((text) => ask(type, host, port, text)));
      assert.deepEqual(answers, ['cba', 'fed']);
    });
  }

  it('cross from one family to the other', async () => {
    const port = await open(`[::1]:0=${GUEST[4]}:${GUEST_PORT}`);
    const answer = await talk('::1', port, 'ab');
    assert.equal(typeof answer === 'string' ? answer : answer.text, 'ba');
  });

  it("show a guest the client's own address and port where that is asked", async function () {
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list!)
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    // On a machine without a network there is loopback only, where both ends have one address.
    requireOrSkip(this, 'needs an address that is not of loopback', own !== undefined);
    const port = await open(`${own}:0=${GUEST[4]}:${GUEST_PORT},keep-source`);
    const answer = await talk(own!, port, 'x');
    assert.notEqual(typeof answer, 'string');
    assert.deepEqual(seen, [{ address: own, port: (answer as { local: number }).local }]);
  });

  it('reset whoever comes when the guest refuses, or nobody has the name', async () => {
    const refused = await open(`0=${GUEST[4]}:81`);
    assert.equal(await talk('127.0.0.1', refused, 'x'), 'ECONNRESET');
    const nobody = await open('0=nobody:80');
    assert.equal(await talk('127.0.0.1', nobody, 'x'), 'ECONNRESET');
  });

  it('are under the rules of the gateway', async () => {
    network.gateway.load(
      parseRestore(
        '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -i wan -o lan -p tcp --dport 8000 -j REJECT --reject-with tcp-reset\nCOMMIT\n',
        { family: 4 },
      ),
    );
    const port = await open(`0=${GUEST[4]}:${GUEST_PORT}`);
    assert.equal(await talk('127.0.0.1', port, 'x'), 'ECONNRESET');
    assert.deepEqual(seen, []);
  });

  it('come and go while the network runs', async () => {
    const added = await network.forwards.add(parseForward(`0=${GUEST[4]}:${GUEST_PORT}`));
    assert.deepEqual(network.forwards.list(), [added]);
    assert.equal(await network.forwards.remove(formatForward(added)), true);
    assert.deepEqual(network.forwards.list(), []);
    assert.equal(await network.forwards.remove(formatForward(added)), false);
    assert.equal(await talk('127.0.0.1', added.port, 'x'), 'ECONNREFUSED');
  });

  it('say so when a port cannot be had', async () => {
    const port = await open(`0=${GUEST[4]}:${GUEST_PORT}`);
    await assert.rejects(open(`${port}=${GUEST[4]}:${GUEST_PORT}`), {
      code: 'FORWARD',
      message: new RegExp(`^tcp/127\\.0\\.0\\.1:${port}=192\\.168\\.122\\.5:8000: .*EADDRINUSE`),
    });
  });

  it('are written as they are read', () => {
    for (const text of ['tcp/127.0.0.1:8080=web:80', 'udp/[::1]:53=[fd00::5]:53,keep-source']) {
      assert.equal(formatForward(parseForward(text)), text);
    }
    assert.equal(formatForward(parseForward('8080=web:80')), 'tcp/127.0.0.1:8080=web:80');
    for (const text of ['', '80', '80=web', '80=web:0', '70000=web:1', 'sctp/1=web:1', '1=web:1,x']) {
      assert.throws(() => parseForward(text), RangeError, text);
    }
  });
});
