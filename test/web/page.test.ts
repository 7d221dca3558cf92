/**
 * The page of examples/browser in Chromium: a real guest in v86, behind rules that are typed while it runs, whose way out is a relay
 * on this machine (`sluice net`'s). It is booted once for all that is tested here; another page's guest is the one that it
 * talks to, and that is killed.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as packet from 'dns-packet';
import { missingPrograms, servePage } from '../../examples/browser/site.ts';
import { findChromium, Visit } from '../../examples/browser/visit.ts';
import { GuestNetwork, loadRules, parseForward } from '../../src/vmm/index.ts';
import { WebSocketNic } from '../../src/vmm/nics/websocket-nic.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { activeFetch, FILE_SUM, FtpServer, passiveFetch } from '../vmm/v86/ftp.ts';

const RULE = 'FORWARD -p tcp --dport 80 -j REJECT';
const FETCH = 'wget -q -O - http://web.example/page';
const MACHINE = '100.64.0.2';
/** At the gateways of pages: leads to the guest's server. */
const FORWARDED = 8080;

describe('a guest in a page', function () {
  this.timeout(600_000);
  let served: Server | undefined;
  let url = '';
  let visit: Visit | undefined;
  let otherVisit: Visit | undefined;
  let relay: GuestNetwork | undefined;
  /** Of `page`, and of the one that comes later. */
  const relayPorts = { page: 0, other: 0 };
  const web = createServer((request, response) => {
    if (request.url === '/endless') response.write('so far');
    else response.end(`the machine's ${request.url}`);
  });
  let webPort: number;
  const chromium = findChromium();
  const resolver = createSocket('udp4').on('message', answerNames);
  const files = createSocket('udp4').on('message', answerFile);
  let ftp: FtpServer | undefined;

  const raise = async () => {
    const page = new WebSocketNic({ host: '127.0.0.1', port: relayPorts.page });
    const other = new WebSocketNic({ host: '127.0.0.1', port: relayPorts.other });
    relay = new GuestNetwork({
      addresses: ['192.168.122.1/24'],
      mtu: 1500,
      guests: [
        { name: 'page', nic: page },
        { name: 'other', nic: other },
      ],
      resolvers: [{ address: '127.0.0.1', port: resolver.address().port }],
    });
    const control = ftp === undefined ? '' : `-A PREROUTING -p tcp --dport ${ftp.port} -j CT --helper ftp\n`;
    loadRules(relay, [{ family: 4, text: `*raw\n${control}COMMIT\n` }]);
    await relay.start();
    relayPorts.page = page.port;
    relayPorts.other = other.port;
  };
  const begin = (port: number) => Visit.begin(chromium!, `${url}?relay=ws://127.0.0.1:${port}/`);
  const status = (of = visit) => of!.page.locator('#status');
  const relayIs = (words: RegExp, of = visit) =>
    status(of).filter({ hasText: words }).waitFor({ timeout: 120_000 });
  const addressOf = async () => /linux (\S+)/.exec(await status().innerText())![1]!;
  const atRelay = async (of: Visit) => /relay (\S+)$/.exec(await status(of).innerText())![1]!;
  const fetchOutside = () => visit!.type(`wget -q -O - http://${MACHINE}:${webPort}/x`);

  before(async function () {
    for (const name of missingPrograms()) requireOrSkip(this, `needs ${name}`, false);
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
    url = page.url;
    visit = await begin(relayPorts.page);
    await visit.booted();
  });
  after(async () => {
    await visit?.end();
    await otherVisit?.end();
    served?.close();
    await relay?.close();
    ftp?.end();
    web.close();
    resolver.close();
    files.close();
  });

  it('has its addresses, by DHCP and by the router advertisement, and is known by its name', async () => {
    assert.match(await visit!.type('ip -4 addr show dev eth0'), /inet 192\.168\.123\.\d+\/24/);
    assert.match(
      await visit!.type(
        'until ip -6 addr show dev eth0 | grep -q "scope global"; do usleep 100000; done; ip -6 addr show dev eth0',
      ),
      /inet6 fd\S+\/64 scope global/,
    );
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
    for (const fetch of [passiveFetch(MACHINE, port), activeFetch(MACHINE, port, await addressOf())])
      assert.match(await visit!.type(fetch), new RegExp(FILE_SUM), fetch);
  });

  it('is pinged by its gateway, and serves the machine of the relay by port forwards of both networks', async () => {
    assert.match(await visit!.command(`ping -c 1 ${await addressOf()}`), /1 packets transmitted, 1 received/);
    await serve(visit!);
    const { port } = await relay!.forwards.add(parseForward(`0=${await atRelay(visit!)}:${FORWARDED}`));
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/page`)).text(), 'from a page\n');
  });

  it('talks to the guest of another page, also when that was killed in the middle and is back', async () => {
    otherVisit = await begin(relayPorts.other);
    const fetchOther = async () => {
      await otherVisit!.booted();
      await relayIs(/relay 192\.168\.122\.\d+$/, otherVisit);
      await serve(otherVisit!);
      const other = await atRelay(otherVisit!);
      assert.match(await visit!.type(`wget -q -O - http://${other}:${FORWARDED}/page`), /from a page/);
    };
    await fetchOther();
    const fetching = once(web, 'request');
    const typed = otherVisit
      .type(`wget -q -O /dev/null http://${MACHINE}:${webPort}/endless`)
      .catch(() => '');
    await fetching;
    await otherVisit.page.reload();
    await typed;
    await fetchOther();
    assert.deepEqual(otherVisit.errors, []);
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

/** Has a page's guest serve a file, and lets others reach it by the address that the page has at the relay. */
async function serve(visit: Visit): Promise<void> {
  await visit.type('mkdir -p /www; echo "from a page" >/www/page; httpd -p 80 -h /www');
  const [, own] = /linux (\S+)/.exec(await visit.page.locator('#status').innerText())!;
  await visit.command(`-t nat -A PREROUTING -i wan -p tcp --dport ${FORWARDED} -j DNAT --to ${own}:80`);
  await visit.command('-I FORWARD -i wan -m conntrack --ctstate DNAT -j ACCEPT');
}

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
