/**
 * The page of examples/browser in Chromium: a real guest in v86, behind rules that are typed while it runs, whose way out is a relay
 * on this machine (`sluice net`'s). It is booted once for all that is tested here.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as packet from 'dns-packet';
import { missingPrograms, servePage } from '../../examples/browser/site.ts';
import { findChromium, Visit } from '../../examples/browser/visit.ts';
import { GuestNetwork, loadRules } from '../../src/vmm/index.ts';
import { WebSocketNic } from '../../src/vmm/nics/websocket-nic.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { activeFetch, FILE_SUM, FtpServer, passiveFetch } from '../vmm/v86/ftp.ts';

const RULE = 'FORWARD -p tcp --dport 80 -j REJECT';
const FETCH = 'wget -q -O - http://web.example/page';
const MACHINE = '100.64.0.2';

describe('a guest in a page', function () {
  this.timeout(600_000);
  let served: Server | undefined;
  let visit: Visit | undefined;
  let relay: GuestNetwork | undefined;
  let relayPort = 0;
  const web = createServer((request, response) => response.end(`the machine's ${request.url}`));
  let webPort: number;
  const resolver = createSocket('udp4').on('message', answerNames);
  const files = createSocket('udp4').on('message', answerFile);
  let ftp: FtpServer | undefined;

  const raise = async () => {
    const nic = new WebSocketNic({ host: '127.0.0.1', port: relayPort });
    relay = new GuestNetwork({
      addresses: ['192.168.122.1/24'],
      mtu: 1500,
      guests: [{ name: 'page', nic }],
      resolvers: [{ address: '127.0.0.1', port: resolver.address().port }],
    });
    const control = ftp === undefined ? '' : `-A PREROUTING -p tcp --dport ${ftp.port} -j CT --helper ftp\n`;
    loadRules(relay, [{ family: 4, text: `*raw\n${control}COMMIT\n` }]);
    await relay.start();
    relayPort = nic.port;
  };
  const status = () => visit!.page.locator('#status');
  const relayIs = (words: RegExp) => status().filter({ hasText: words }).waitFor({ timeout: 120_000 });
  const fetchOutside = () => visit!.type(`wget -q -O - http://${MACHINE}:${webPort}/x`);

  before(async function () {
    for (const name of missingPrograms()) requireOrSkip(this, `needs ${name}`, false);
    const chromium = findChromium();
    requireOrSkip(this, 'needs chromium', chromium !== undefined);
    for (const socket of [resolver, files]) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    webPort = (web.address() as AddressInfo).port;
    if (process.getuid?.() === 0 && hasProgram('vsftpd')) ftp = await FtpServer.begin();
    await raise();
    const page = await servePage(0);
    served = page.server;
    visit = await Visit.begin(chromium!, `${page.url}?relay=ws://127.0.0.1:${relayPort}/`);
    await visit.booted();
  });
  after(async () => {
    await visit?.end();
    served?.close();
    await relay?.close();
    ftp?.end();
    web.close();
    resolver.close();
    files.close();
  });

  it('has its address and is known by its name', async () => {
    assert.match(await visit!.type('ip -4 addr show dev eth0'), /inet 192\.168\.123\.\d+\/24/);
    assert.match(await status().innerText(), /^linux 192\.168\.123\.\d+/);
  });

  it('fetches from a server in the page until a rule forbids it, and again when the rule is gone', async () => {
    assert.match(await visit!.type(FETCH), /You asked for \/page/);
    await visit!.command(`-A ${RULE}`);
    assert.match(await visit!.type(FETCH), /Connection refused/);
    const rules = await visit!.rules();
    assert.ok(rules.some((rule) => rule.includes('--dport 80 -j REJECT')));
    assert.match(await visit!.page.locator('#log').innerText(), /refuse .*rule=filter:FORWARD:5/);
    await visit!.command(`-D ${RULE}`);
    assert.match(await visit!.type(FETCH), /You asked for \/page/);
  });

  it('is shown which word of a rule is wrong', async () => {
    assert.match(await visit!.command('-A FORWARD -j REJCT'), /Couldn't load target `REJCT'/);
    assert.equal(await visit!.page.locator('#answer mark').innerText(), 'REJCT');
  });

  it('reaches the machine of the relay: names, TCP, UDP, ping', async () => {
    await relayIs(/relay 192\.168\.122\.\d+$/);
    assert.match(await visit!.type('nslookup somewhere.example'), /192\.0\.2\.7/);
    assert.match(await fetchOutside(), /the machine's \/x/);
    const { port } = files.address();
    assert.match(
      await visit!.type(`tftp -g -r file -l /tmp/file ${MACHINE} ${port}; cat /tmp/file`),
      /by datagram/,
    );
    assert.match(await visit!.type(`ping -c 1 -W 20 ${MACHINE}`), / 0% packet loss/);
  });

  it('is refused there what the page’s rules refuse', async () => {
    const rule = `FORWARD -p tcp --dport ${webPort} -j REJECT --reject-with icmp-admin-prohibited`;
    await visit!.command(`-A ${rule}`);
    assert.match(await fetchOutside(), /unreachable|prohibited|No route/i);
    await visit!.command(`-D ${rule}`);
    assert.match(await fetchOutside(), /the machine's \/x/);
  });

  it('fetches by FTP from there, passive and active', async function () {
    requireOrSkip(this, 'needs vsftpd and root', ftp !== undefined);
    const { port } = ftp!;
    await visit!.command(`-t raw -A PREROUTING -p tcp --dport ${port} -j CT --helper ftp`);
    const [, own] = /linux (\S+)/.exec(await status().innerText())!;
    for (const fetch of [passiveFetch(MACHINE, port), activeFetch(MACHINE, port, own!)])
      assert.match(await visit!.type(fetch), new RegExp(FILE_SUM), fetch);
  });

  it('goes on when the relay was closed and is back', async () => {
    await relay!.close();
    await relayIs(/relay is not there$/);
    assert.match(await fetchOutside(), /unreachable/i);
    await raise();
    await relayIs(/relay 192\.168\.122\.\d+$/);
    assert.match(await fetchOutside(), /the machine's \/x/);
  });

  it('had nothing go wrong in the page', () => {
    assert.deepEqual(visit!.errors, []);
  });
});

/** Every name leads to one address. */
function answerNames(
  this: Socket,
  message: Buffer,
  { port, address }: { port: number; address: string },
): void {
  const asked = packet.decode(message);
  const [question] = asked.questions!;
  const { name, type } = question!;
  const answers: packet.Answer[] = type === 'A' ? [{ type, name, ttl: 60, data: '192.0.2.7' }] : [];
  this.send(packet.encode({ ...asked, type: 'response', answers }), port, address);
}

/** TFTP (RFC 1350), as far as one small file goes: its only block for whoever asks. */
function answerFile(
  this: Socket,
  message: Buffer,
  { port, address }: { port: number; address: string },
): void {
  const READ = 1;
  if (message.readUInt16BE(0) === READ) this.send(Buffer.from('\0\x03\0\x01by datagram\n'), port, address);
}
