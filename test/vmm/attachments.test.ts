/** Ways in which guests are attached, beside the stream socket: datagrams, WebSockets, v86's bus; words for each. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { parseAttachment, vmmWords } from '../../src/vmm/nics/attachment.ts';
import { DatagramNic } from '../../src/vmm/nics/datagram-nic.ts';
import type { Nic, NicEvents } from '../../src/vmm/nics/nic.ts';
import { StreamNic } from '../../src/vmm/nics/stream-nic.ts';
import { V86Nic, type V86Like } from '../../src/vmm/nics/v86-nic.ts';
import { WebSocketNic } from '../../src/vmm/nics/websocket-nic.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { QemuGuest } from './qemu/guest.ts';

class Heard implements NicEvents {
  readonly frames: string[] = [];
  readonly links: boolean[] = [];
  private waiting: (() => void) | null = null;

  frame(bytes: Uint8Array, start: number, end: number): void {
    this.frames.push(Buffer.from(bytes.subarray(start, end)).toString());
    this.waiting?.();
  }

  link(isUp: boolean): void {
    this.links.push(isUp);
    this.waiting?.();
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((done) => (this.waiting = done));
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const send = (nic: Nic, text: string) => nic.transmit(bytes(text), 0, text.length);

describe('a NIC on datagrams', () => {
  it('takes frames of its guest only, and sends it its own', async () => {
    const vmm = createSocket('udp4');
    await new Promise<void>((done) => vmm.bind(0, '127.0.0.1', done));
    const stranger = createSocket('udp4');
    const heard = new Heard();
    const nic = new DatagramNic({
      local: { host: '127.0.0.1', port: 0 },
      remote: { host: '127.0.0.1', port: vmm.address().port },
    });
    await nic.start(heard);
    const { port } = nic;
    const sent = (socket: Socket, text: string) =>
      new Promise<void>((done) => socket.send(text, port, '127.0.0.1', () => done()));
    await sent(stranger, 'not mine');
    await sent(vmm, 'mine');
    await heard.until(() => heard.frames.length > 0);
    assert.deepEqual(heard.frames, ['mine']);
    const answer = once(vmm, 'message');
    assert.equal(send(nic, 'answer'), true);
    assert.equal(String((await answer)[0]), 'answer');
    assert.equal(nic.transmit(new Uint8Array(65_508), 0, 65_508), false);
    await nic.close();
    vmm.close();
    stranger.close();
  });
});

describe('a NIC on a WebSocket', () => {
  let nic: WebSocketNic;
  let heard: Heard;
  const complaints: string[] = [];
  const connect = (headers: Record<string, string> = {}) =>
    new WebSocket(`ws://127.0.0.1:${nic.port}/`, { headers });

  beforeEach(async () => {
    heard = new Heard();
    nic = new WebSocketNic({ host: '127.0.0.1', port: 0, complain: (text) => complaints.push(text) });
    await nic.start(heard);
  });

  afterEach(() => nic.close());

  it('hands binary messages over both ways, and tells when the guest comes and goes', async () => {
    const guest = connect({ origin: 'http://localhost:8000' });
    await once(guest, 'open');
    guest.send(bytes('hello'));
    await heard.until(() => heard.frames.length > 0);
    assert.deepEqual([heard.frames, heard.links], [['hello'], [true]]);
    const answer = once(guest, 'message');
    send(nic, 'answer');
    assert.equal(String((await answer)[0]), 'answer');
    guest.close();
    await heard.until(() => heard.links.length > 1);
    assert.deepEqual(heard.links, [true, false]);
    assert.equal(send(nic, 'nobody'), false);
  });

  it('ends the connection of whoever sends text, or more than a frame', async () => {
    for (const message of ['text', new Uint8Array(80_000)]) {
      const guest = connect();
      await once(guest, 'open');
      guest.send(message);
      const [code] = (await once(guest, 'close')) as [number];
      assert.equal(code, typeof message === 'string' ? 1003 : 1009);
      await heard.until(() => heard.links.at(-1) === false);
    }
    assert.deepEqual(heard.frames, []);
  });

  it('turns away pages of other origins, and a second guest', async () => {
    const page = connect({ origin: 'https://evil.example' });
    const [error] = (await once(page, 'error')) as [Error];
    assert.match(error.message, /401/);
    const guest = connect();
    await once(guest, 'open');
    const [second] = (await once(connect(), 'error')) as [Error];
    assert.match(second.message, /401/);
    assert.equal(complaints.length, 2);
    guest.terminate();
  });
});

describe("a NIC on v86's bus", () => {
  it('hands frames over both ways until it is closed', async () => {
    const got: string[] = [];
    let listener: ((frame: Uint8Array) => void) | null = null;
    const emulator: V86Like & { readonly bus: object } = {
      bus: {
        send: (_event: string, frame: Uint8Array) => void got.push(Buffer.from(frame).toString()),
      },
      add_listener: (_event, one) => (listener = one),
      remove_listener: () => (listener = null),
    };
    const heard = new Heard();
    const nic = new V86Nic(emulator);
    nic.start(heard);
    listener!(bytes('from the guest'));
    send(nic, 'to the guest');
    assert.deepEqual([heard.frames, got, heard.links], [['from the guest'], ['to the guest'], [true]]);
    await nic.close();
    assert.equal(listener, null);
  });
});

describe('the words for an attachment', () => {
  it('say what a VMM has to be told', () => {
    const words = (text: string) => vmmWords('n0', parseAttachment(text), '02:00:00:00:00:01').join(' ');
    const card = ' -device virtio-net-pci,netdev=n0,mac=02:00:00:00:00:01';
    assert.equal(
      words('a,b.sock'),
      `-netdev stream,id=n0,server=off,addr.type=unix,addr.path=a,,b.sock${card}`,
    );
    assert.equal(
      words('connect:tcp:[::1]:4000'),
      `-netdev stream,id=n0,server=on,addr.type=inet,addr.host=::1,addr.port=4000${card}`,
    );
    assert.equal(
      words('udp:127.0.0.1:1-127.0.0.1:2'),
      `-netdev dgram,id=n0,local.type=inet,local.host=127.0.0.1,local.port=2,remote.type=inet,remote.host=127.0.0.1,remote.port=1${card}`,
    );
    assert.equal(words('ws:[::1]:8081'), 'net_device: { type: "virtio", relay_url: "ws://[::1]:8081/" }');
  });

  it('are refused when they are none', () => {
    for (const text of ['tcp:x', 'udp:127.0.0.1:1', 'udp:a:1-b:2-c:3', 'ws:127.0.0.1', 'tcp:a:70000'])
      assert.throws(() => parseAttachment(text), RangeError, text);
  });
});

describe("QEMU's other sockets", function () {
  this.timeout(180_000);
  let network: GuestNetwork | undefined;
  let guest: QemuGuest | undefined;

  after(async () => {
    guest?.kill();
    await network?.close();
  });

  it('-netdev dgram and -netdev socket bring a guest its addresses', async function () {
    for (const program of ['qemu-system-x86_64', 'busybox', 'cpio', 'apt-get'])
      requireOrSkip(this, `needs ${program}`, hasProgram(program));
    const [first, second, third] = await freePorts(3);
    const place = (port: number) => ({ host: '127.0.0.1', port });
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24'],
      // Datagrams hold no more.
      mtu: 1500,
      guests: [
        { name: 'dgram', nic: new DatagramNic({ local: place(first!), remote: place(second!) }) },
        { name: 'socket', nic: new StreamNic({ address: place(third!), listen: true }) },
      ],
    });
    await network.start();
    const [, dgram] = vmmWords('d0', parseAttachment(`udp:127.0.0.1:${first}-127.0.0.1:${second}`));
    const booted = new QemuGuest([
      ...['-netdev', dgram!, '-device', 'virtio-net-pci,netdev=d0,mac=02:00:00:00:00:21'],
      ...['-netdev', `socket,id=s0,connect=127.0.0.1:${third}`],
      ...['-device', 'virtio-net-pci,netdev=s0,mac=02:00:00:00:00:22'],
    ]);
    guest = booted;
    await booted.boot();
    for (const card of ['eth0', 'eth1']) {
      const { status, output } = await booted.run(
        `ip link set ${card} up && udhcpc -i ${card} -s /etc/lease.sh -n -q -t 20 -T 1`,
      );
      assert.equal(status, 0, `${card}: ${output}`);
    }
    const leases = [...network.services.leases!].map(({ mac }) => mac).sort();
    assert.deepEqual(leases, ['02:00:00:00:00:21', '02:00:00:00:00:22']);
  });
});

/** Ports that are free for UDP and TCP at this moment. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
