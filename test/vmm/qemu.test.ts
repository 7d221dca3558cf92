/** A real guest: Debian's kernel in QEMU, on our network from its first DHCP message on. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import { GuestNetwork, parseForward, StreamNic, vmmWords } from '../../src/vmm/index.ts';
import { parseIp4 } from '../../src/wire/address.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { QemuGuest } from './qemu/guest.ts';

const PROGRAMS = ['qemu-system-x86_64', 'busybox', 'cpio', 'apt-get', 'ping'];
const MAC = { web: '02:00:00:00:00:11', db: '02:00:00:00:00:12' } as const;
const BIG_BYTES = 5_000_000;

describe('a Linux guest in QEMU', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-qemu-'));
  const server = createServer((request, response) =>
    response.end(request.url === '/big' ? Buffer.alloc(BIG_BYTES, 'x') : `you asked for ${request.url}`),
  );
  let network: GuestNetwork;
  let web: QemuGuest;
  let db: QemuGuest;
  let port: number;

  const cards = (['web', 'db'] as const).map((name) => ({
    name,
    address: { path: join(folder, `${name}.sock`) },
  }));
  const boot = async (name: 'web' | 'db') => {
    const { address } = cards.find((card) => card.name === name)!;
    const [netdev, stream, device, card] = vmmWords(name, { kind: 'stream', address, listen: true });
    const guest = new QemuGuest([netdev!, stream!, device!, `${card!},mac=${MAC[name]}`]);
    await guest.boot();
    return guest;
  };
  const configure = 'ip link set eth0 up && udhcpc -i eth0 -s /etc/lease.sh -n -q -t 20 -T 1';
  const succeeds = async (guest: QemuGuest, command: string) => {
    const { status, output } = await guest.run(command);
    assert.equal(status, 0, `${command}: ${output}`);
    return output;
  };

  before(async function () {
    for (const program of PROGRAMS) requireOrSkip(this, `needs ${program}`, hasProgram(program));
    await new Promise<void>((done) => server.listen(0, done));
    port = (server.address() as AddressInfo).port;
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: cards.map(({ name, address }) => ({ name, nic: new StreamNic({ address, listen: true }) })),
      reservations: [{ mac: MAC.web, address: parseIp4('192.168.122.77')!, name: 'web' }],
    });
    await network.start();
    [web, db] = await Promise.all([boot('web'), boot('db')]);
  });

  after(async () => {
    web?.kill();
    db?.kill();
    server.close();
    await network?.close();
    rmSync(folder, { recursive: true });
  });

  it('gets its address by DHCP, the reserved one if it has one', async () => {
    await succeeds(web, configure);
    await succeeds(db, configure);
    assert.match(await succeeds(web, 'ip addr show dev eth0'), /inet 192\.168\.122\.77\/24/);
    assert.match(await succeeds(db, 'ip route'), /default via 192\.168\.122\.1/);
  });

  it('makes itself an IPv6 address, and finds its router, by the advertisement', async () => {
    const address = await succeeds(
      web,
      'until ip -6 addr show dev eth0 | grep -q "scope global dynamic"; do usleep 100000; done; ip -6 addr show dev eth0',
    );
    assert.match(address, /inet6 fd00:122::ff:fe00:11\/64 scope global/);
    assert.match(await succeeds(web, 'ip -6 route'), /default via fe80::/);
    assert.match(await succeeds(web, 'cat /sys/class/net/eth0/mtu'), /^65520\n$/);
  });

  it('serves this machine by a port forward', async () => {
    await succeeds(web, 'echo "from the guest" >/www/page; httpd -p 80 -h /www');
    const { port } = await network.forwards.add(parseForward('0=web:80'));
    const answer = await fetch(`http://127.0.0.1:${port}/page`);
    assert.equal(await answer.text(), 'from the guest\n');
  });

  it('finds this machine and other guests by name', async () => {
    assert.match(await succeeds(db, 'nslookup machine'), /100\.64\.0\.2/);
    assert.match(await succeeds(db, 'nslookup web'), /192\.168\.122\.77/);
    assert.match((await db.run('nslookup nobody.guests.internal')).output, /NXDOMAIN/);
  });

  it('fetches from this machine, small and large, over IPv4 and IPv6', async () => {
    assert.equal(await succeeds(web, `wget -q -O - http://machine:${port}/x`), 'you asked for /x');
    const size = await succeeds(web, `wget -q -O - http://machine:${port}/big | wc -c`);
    assert.equal(Number(size), BIG_BYTES);
    const url = `"http://[fd53:6c75:6963:6500::2]:${port}/v6"`;
    assert.equal(await succeeds(web, `wget -q -O - ${url}`), 'you asked for /v6');
  });

  it('pings the gateway, this machine and another guest, and nobody where there is nobody', async () => {
    for (const name of ['gateway', 'machine', 'web']) await succeeds(db, `ping -c 1 -W 5 ${name}`);
    assert.notEqual((await db.run('ping -c 1 -W 2 192.0.2.77')).status, 0);
  });

  it('is refused what the rules refuse, and only that', async () => {
    const rules = `*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -s 192.168.122.77 -p tcp -m tcp --dport ${port} -j REJECT --reject-with tcp-reset\nCOMMIT\n`;
    network.gateway.load(parseRestore(rules, { family: 4 }));
    const url = `http://100.64.0.2:${port}/x`;
    assert.match((await web.run(`wget -O - ${url}`)).output, /Connection refused/);
    await succeeds(db, `wget -q -O - ${url}`);
  });

  it('may be killed in the middle, and is served again when it is back', async () => {
    const broken = web.run(`wget -q -O /dev/null http://machine:${port}/big`).catch(() => null);
    web.kill();
    web = await boot('web');
    await succeeds(web, configure);
    await succeeds(web, 'ping -c 1 -W 5 machine');
    void broken;
  });
});
