/** A NIC on a stream socket: frames both ways, one guest at a time, guests that go and come, and what is no guest. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QUEUE_BYTES, StreamNic } from '../../src/vmm/nics/stream-nic.ts';

const FRAME = Buffer.from('0200000000010200000000020800aabbcc', 'hex');
const ON_WIRE = Buffer.concat([Buffer.from([0, 0, 0, FRAME.length]), FRAME]);

describe('a NIC on a stream socket', () => {
  let folder: string;
  let path: string;
  let nic: StreamNic;
  const told: string[] = [];
  let heard: () => void = () => {};

  const note = (text: string) => {
    told.push(text);
    heard();
  };
  /** Waits until the NIC has told this. */
  const until = async (text: string) => {
    while (!told.includes(text)) await new Promise<void>((done) => (heard = done));
    told.splice(told.indexOf(text), 1);
  };
  const events = {
    frame: (bytes: Uint8Array, start: number, end: number) =>
      note(`frame ${Buffer.from(bytes.subarray(start, end)).toString('hex')}`),
    link: (isUp: boolean) => note(`link ${isUp}`),
  };
  const dial = async () => {
    const socket = connect({ path });
    await once(socket, 'connect');
    return socket;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-nic-'));
    path = join(folder, 'guest.sock');
    told.length = 0;
  });

  afterEach(async () => {
    await nic.close();
    rmSync(folder, { recursive: true });
  });

  async function listen(): Promise<void> {
    nic = new StreamNic({ address: { path }, listen: true, complain: note });
    await nic.start(events);
  }

  it('hands frames over both ways, for its user alone', async () => {
    await listen();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const guest = await dial();
    await until('link true');
    guest.write(ON_WIRE);
    await until(`frame ${FRAME.toString('hex')}`);
    assert.equal(nic.transmit(FRAME, 0, FRAME.length), true);
    const [chunk] = (await once(guest, 'data')) as [Buffer];
    assert.deepEqual(chunk, ON_WIRE);
  });

  it('turns a second guest away, and takes the next when the first has gone', async () => {
    await listen();
    const first = await dial();
    await until('link true');
    const second = await dial();
    await once(second, 'close');
    first.destroy();
    await until('link false');
    assert.equal(nic.transmit(FRAME, 0, FRAME.length), false);
    await dial();
    await until('link true');
  });

  it('does not wait for a guest that hung up halfway and reads no more', async () => {
    await listen();
    const first = connect({ path, allowHalfOpen: true });
    await once(first, 'connect');
    await until('link true');
    const large = new Uint8Array(60_000);
    while (nic.transmit(large, 0, large.length)) await new Promise((done) => setImmediate(done));
    first.end();
    await until('link false');
    await dial();
    await until('link true');
    first.destroy();
  });

  it('closes on what is no frame, says so, and is there for the next', async () => {
    await listen();
    const stranger = await dial();
    await until('link true');
    stranger.write('GET / HTTP/1.1\r\n\r\n');
    await once(stranger, 'close');
    assert.match(
      told.find((text) => text.includes('announced'))!,
      /guest\.sock: a frame of 1195725856 bytes/,
    );
    await until('link false');
    await dial();
    await until('link true');
  });

  it('drops what a guest does not read, and keeps no more than its limit', async () => {
    await listen();
    const guest = await dial();
    guest.pause();
    await until('link true');
    const large = new Uint8Array(60_000);
    let sent = 0;
    for (; nic.transmit(large, 0, large.length) && sent < 10_000; sent++) {
      if (sent % 10 === 0) await new Promise((done) => setImmediate(done));
    }
    assert.ok(sent < 10_000, 'nothing was dropped');
    assert.ok(sent * large.length > QUEUE_BYTES / 2);
    assert.equal(nic.dropped, 1);
  });

  it('connects to a VMM that listens, now or later, and again when it was started anew', async () => {
    nic = new StreamNic({ address: { path }, listen: false });
    await nic.start(events);
    const peers: Socket[] = [];
    const serve = async () => {
      const server = createServer((socket) => void peers.push(socket)).listen(path);
      await until('link true');
      return server;
    };
    const before = await serve();
    for (const peer of peers) peer.destroy();
    before.close();
    await until('link false');
    const after = await serve();
    for (const peer of peers) peer.destroy();
    after.close();
  });

  it('takes the place of a socket that nobody listens on any more, and not of one that is in use', async () => {
    await listen();
    const other = new StreamNic({ address: { path }, listen: true });
    await assert.rejects(async () => other.start(events), {
      code: 'NIC',
      message: /guest\.sock: .*EADDRINUSE/,
    });
  });
});
