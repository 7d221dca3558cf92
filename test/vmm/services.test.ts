/** What the gateway does for guests besides addresses and names by datagram: booting from the network, time, names by stream. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as packet from 'dns-packet';
import { createNetwork, type RunningNetwork } from '../../src/vmm/index.ts';
import { TftpFolder } from '../../src/vmm/services/tftp-folder.ts';
import { parseAddress } from '../../src/stack/address.ts';
import * as dhcp from '../../src/wire/dhcp.ts';
import { ask, exchange, stackGuest, StackNic, type StackGuest } from './stack-guest.ts';

const GATEWAY = '192.168.122.1';
const GATEWAY6 = 'fd00:122::1';
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 5);
/** Longer than a datagram may be. */
const LONG_TEXT = 'x'.repeat(200);

describe('the services of a guest network', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-boot-'));
  let network: RunningNetwork;
  let guest: StackGuest;
  let resolver: Socket;
  let streamResolver: Server;

  before(async () => {
    mkdirSync(join(folder, 'boot', 'inner'), { recursive: true });
    writeFileSync(join(folder, 'boot', 'menu.ipxe'), '#!ipxe\n');
    writeFileSync(join(folder, 'boot', 'inner', 'kernel'), 'kernel');
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), join(folder, 'boot', 'link'));
    const answers = (name: string): packet.Answer[] =>
      Array.from({ length: 30 }, () => ({ type: 'TXT', name, ttl: 60, data: [LONG_TEXT] }));
    const answerTo = (message: Buffer, isLong: boolean): Buffer => {
      const query = packet.decode(message);
      const { name } = query.questions![0]!;
      const flags = isLong ? 0 : packet.TRUNCATED_RESPONSE;
      return packet.encode({ ...query, type: 'response', flags, answers: isLong ? answers(name) : [] });
    };
    streamResolver = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        const answer = answerTo(chunk.subarray(2), true);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        socket.write(length);
        socket.write(answer);
      });
    });
    await new Promise<void>((done) => streamResolver.listen(0, '127.0.0.1', done));
    const { port } = streamResolver.address() as AddressInfo;
    resolver = createSocket('udp4');
    resolver.on('message', (message, from) =>
      resolver.send(answerTo(message, false), from.port, from.address),
    );
    await new Promise<void>((done) => resolver.bind(port, '127.0.0.1', done));
    const nic = new StackNic();
    network = await createNetwork({
      address: [`${GATEWAY}/24`, `${GATEWAY6}/64`],
      guests: { web: { nic } },
      boot: { folder: join(folder, 'boot'), file: 'menu.ipxe', efi: 'ipxe.efi' },
      ntp: true,
      resolvers: [`127.0.0.1:${port}`],
    });
    guest = stackGuest(network.engine, nic, ['192.168.122.5/24', 'fd00:122::5/64'], [GATEWAY, GATEWAY6]);
  });

  after(async () => {
    await network.close();
    resolver.close();
    streamResolver.close();
    rmSync(folder, { recursive: true });
  });

  /** Like a client of TFTP: what it got, or the server's complaint. */
  const fetchFile = (name: string, server = GATEWAY) =>
    new Promise<string>((done) => {
      const { family, words } = parseAddress(server)!;
      network.engine.clock.catchUp();
      const socket = guest.udp.open({ family });
      let text = '';
      socket.listener = {
        onMessage: () => {
          for (let one = socket.receive(); one !== undefined; one = socket.receive()) {
            const { bytes, address, port } = one;
            const isData = bytes[1] === 3;
            text += Buffer.from(bytes.subarray(4)).toString('latin1');
            if (isData) socket.send(Uint8Array.of(0, 4, bytes[2]!, bytes[3]!), address, port);
            if (!isData || bytes.length < 4 + 512) done(text);
          }
        },
      };
      socket.send(Buffer.from(`\0\x01${name}\0octet\0`, 'latin1'), words, 69);
    });

  it('hand out files of a folder by TFTP over both families, and nothing outside of it', async () => {
    assert.equal(await fetchFile('menu.ipxe'), '#!ipxe\n');
    assert.equal(await fetchFile('/inner/kernel', GATEWAY6), 'kernel');
    for (const name of ['../secret', 'link', 'inner', '.', '', '/etc/passwd', 'inner/../../secret'])
      assert.equal(new TftpFolder(join(folder, 'boot')).open(name), undefined, name);
    assert.equal(await fetchFile('../secret'), 'no such file\0');
  });

  it('name the file to boot by DHCP, to UEFI another one', async () => {
    const offered = async (architecture?: number) => {
      const request = dhcp.emit({
        ...{
          op: dhcp.BOOTREQUEST,
          xid: 7,
          secs: 0,
          flags: 0,
          ciaddr: parseAddress('192.168.122.5')!.words[0]!,
        },
        ...{ yiaddr: 0, siaddr: 0, giaddr: 0, chaddr: MAC, file: '' },
        options: new Map([
          [dhcp.Option.MESSAGE_TYPE, Uint8Array.of(dhcp.MessageType.INFORM)],
          ...(architecture === undefined
            ? []
            : [[dhcp.Option.CLIENT_ARCHITECTURE, Uint8Array.of(0, architecture)] as const]),
        ]),
      });
      const socket = guest.udp.open({ family: 4, port: dhcp.CLIENT_PORT });
      const heard = new Promise<Uint8Array>((done) => {
        socket.listener = { onMessage: () => done(socket.receive()!.bytes) };
      });
      network.engine.clock.catchUp();
      socket.send(request, parseAddress(GATEWAY)!.words, dhcp.SERVER_PORT);
      const bytes = await heard;
      socket.close();
      return dhcp.parse(bytes, 0, bytes.length)!;
    };
    const bios = await offered();
    assert.deepEqual([bios.file, bios.siaddr], ['menu.ipxe', parseAddress(GATEWAY)!.words[0]]);
    assert.equal(Buffer.from(bios.options.get(dhcp.Option.BOOT_FILE)!).toString(), 'menu.ipxe');
    assert.deepEqual([...bios.options.get(dhcp.Option.NTP_SERVERS)!], [192, 168, 122, 1]);
    assert.equal((await offered(7)).file, 'ipxe.efi');
  });

  for (const server of [GATEWAY, GATEWAY6]) {
    it(`tell the time at ${server}, and only to who asks`, async () => {
      const request = Buffer.alloc(48);
      request[0] = 0x23;
      request.writeUInt32BE(0x12345678, 40);
      const answer = (await ask(network.engine, guest, server, 123, request)) as Buffer;
      assert.deepEqual([answer[0], answer[1], answer.readUInt32BE(24)], [0x24, 10, 0x12345678]);
      const seconds = answer.readUInt32BE(40) - 2_208_988_800;
      assert.ok(Math.abs(seconds - Date.now() / 1000) < 30);
      request[0] = 0x24;
      assert.equal(await ask(network.engine, guest, server, 123, request, 100), null);
    });
  }

  it('answer names by stream, of their own and with what is too long for a datagram, one after the other', async () => {
    const query = (id: number, name: string, type: 'A' | 'TXT') => {
      const message = packet.encode({
        type: 'query',
        id,
        flags: packet.RECURSION_DESIRED,
        questions: [{ type, name }],
      });
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      return Buffer.concat([length, message]);
    };
    const both = Buffer.concat([query(1, 'gateway', 'A'), query(2, 'long.example', 'TXT')]);
    const { received, error } = await exchange(network.engine, guest, GATEWAY, 53, both);
    assert.equal(error, null);
    const first = packet.decode(received.subarray(2, 2 + received.readUInt16BE(0)));
    assert.deepEqual([first.id, (first.answers![0] as { data: string }).data], [1, GATEWAY]);
    const second = packet.decode(received.subarray(4 + received.readUInt16BE(0)));
    assert.deepEqual([second.id, second.answers!.length], [2, 30]);
    assert.ok(received.length > 6000);
  });

  it('hang up on streams that announce nothing, or too much', async () => {
    for (const bytes of [Buffer.of(0, 0, 1), Buffer.of(0xff, 0xff, 1)]) {
      const { error } = await exchange(network.engine, guest, GATEWAY, 53, bytes);
      assert.equal(error, 'ECONNRESET');
    }
  });
});
