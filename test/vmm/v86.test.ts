/**
 * Real guests in v86: Debian's 32-bit kernel in this process, one with a virtio card and one with an ne2k, on our network from
 * their first DHCP message on. They are booted once for all that is tested here, and once more for the one that is killed.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NetworkInstance } from '../../src/shell/net/instance.ts';
import { AuditLog, GuestNetwork, loadRules, parseForward, V86Nic } from '../../src/vmm/index.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { activeFetch, FILE_SUM, FtpServer, passiveFetch } from './v86/ftp.ts';
import { V86Guest } from './v86/guest.ts';

const PROGRAMS = ['apt-get', 'dpkg-deb', 'cpio', 'vsftpd'];
const MACHINE = '100.64.0.2';
const BIG_BYTES = 1_000_000;

describe('a Linux guest in v86', function () {
  this.timeout(600_000);
  const server = createServer((request, response) =>
    response.end(request.url === '/big' ? Buffer.alloc(BIG_BYTES, 'x') : `you asked for ${request.url}`),
  );
  let network: GuestNetwork;
  let virtio: V86Guest;
  let ne2k: V86Guest;
  let http: number;
  let ftp: number;
  let ftpServer: FtpServer | undefined;
  const nics = { virtio: new V86Nic(), ne2k: new V86Nic() };

  const start = async () => {
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
      mtu: 1500,
      guests: Object.entries(nics).map(([name, nic]) => ({ name, nic })),
    });
    await network.start();
  };
  const succeeds = async (guest: V86Guest, command: string) => {
    const { status, output } = await guest.run(command);
    assert.equal(status, 0, `${command}: ${output}`);
    return output;
  };
  const configure = (guest: V86Guest, name: string) =>
    succeeds(
      guest,
      `ip link set eth0 up && udhcpc -i eth0 -s /etc/lease.sh -x hostname:${name} -n -q -t 20 -T 1`,
    );
  const inForce = (...filter: readonly string[]) => {
    const lines = [
      ...['*raw', ':PREROUTING ACCEPT', ':OUTPUT ACCEPT'],
      `-A PREROUTING -i lan -p tcp -m tcp --dport ${ftp} -j CT --helper ftp`,
      ...['COMMIT', '*nat', ':PREROUTING ACCEPT', ':INPUT ACCEPT', ':OUTPUT ACCEPT', ':POSTROUTING ACCEPT'],
      ...['-A POSTROUTING -o wan -j MASQUERADE', 'COMMIT'],
      ...['*filter', ':INPUT ACCEPT', ':FORWARD ACCEPT', ':OUTPUT ACCEPT', ...filter, 'COMMIT', ''],
    ];
    loadRules(network, [{ family: 4, text: lines.join('\n') }]);
  };

  before(async function () {
    for (const program of PROGRAMS) requireOrSkip(this, `needs ${program}`, hasProgram(program));
    requireOrSkip(this, 'vsftpd needs root', process.getuid?.() === 0);
    await new Promise<void>((done) => server.listen(0, done));
    http = (server.address() as AddressInfo).port;
    ftpServer = await FtpServer.begin();
    ftp = ftpServer.port;
    await start();
    // One after the other: an emulator that is kept waiting spends its time on the guest's timer interrupts.
    virtio = new V86Guest('virtio');
    await virtio.booted();
    ne2k = new V86Guest('ne2k');
    await ne2k.booted();
    nics.virtio.attach(virtio.emulator);
    nics.ne2k.attach(ne2k.emulator);
    inForce();
  });

  after(async () => {
    await Promise.all([virtio?.kill(), ne2k?.kill()]);
    ftpServer?.end();
    server.close();
    await network?.close();
  });

  it('gets its address by DHCP, makes itself another by the router advertisement', async () => {
    await configure(virtio, 'virtio');
    await configure(ne2k, 'ne2k');
    // v86's ne2k takes in no multicast otherwise, and so no advertisement.
    await succeeds(ne2k, 'ip link set eth0 promisc on');
    for (const guest of [virtio, ne2k]) {
      assert.match(await succeeds(guest, 'ip route'), /default via 192\.168\.122\.1/);
      const address = await succeeds(
        guest,
        'until ip -6 addr show dev eth0 | grep -q "scope global dynamic"; do usleep 100000; done; ip addr show dev eth0',
      );
      assert.match(address, /inet 192\.168\.122\.\d+\/24/);
      assert.match(address, /inet6 fd00:122::\S+\/64 scope global/);
    }
  });

  it('finds this machine and other guests by name', async () => {
    assert.match(await succeeds(ne2k, 'nslookup machine'), /100\.64\.0\.2/);
    assert.match(await succeeds(ne2k, 'nslookup virtio'), /192\.168\.122\.\d+/);
    assert.match((await ne2k.run('nslookup nobody.guests.internal')).output, /NXDOMAIN/);
  });

  it('fetches from this machine through NAT, small and large, over IPv4 and IPv6', async () => {
    for (const guest of [virtio, ne2k]) {
      assert.equal(await succeeds(guest, `wget -q -O - http://machine:${http}/x`), 'you asked for /x');
      const size = await succeeds(guest, `wget -q -O - http://machine:${http}/big | wc -c`);
      assert.equal(Number(size), BIG_BYTES);
      const url = `"http://[fd53:6c75:6963:6500::2]:${http}/v6"`;
      assert.equal(await succeeds(guest, `wget -q -O - ${url}`), 'you asked for /v6');
    }
  });

  it('is pinged by the gateway, pings it, this machine and the other guest', async () => {
    for (const name of ['virtio', 'ne2k']) {
      const [address] = network.services.names.addressesOf(name);
      assert.match(
        await onGateway(network, 'ping', '-c', '1', address!),
        /1 packets transmitted, 1 received/,
      );
    }
    for (const name of ['gateway', 'machine', 'virtio']) await succeeds(ne2k, `ping -c 1 -W 10 ${name}`);
    await succeeds(virtio, 'ping -c 1 -W 10 ne2k');
  });

  it('serves this machine by a port forward, and the other guest', async () => {
    for (const [name, guest] of Object.entries({ virtio, ne2k })) {
      await succeeds(guest, `echo "from ${name}" >/www/page; httpd -p 80 -h /www`);
      const { port } = await network.forwards.add(parseForward(`0=${name}:80`));
      const answer = await fetch(`http://127.0.0.1:${port}/page`);
      assert.equal(await answer.text(), `from ${name}\n`);
    }
    assert.equal(await succeeds(ne2k, 'wget -q -O - http://virtio/page'), 'from virtio\n');
  });

  it('fetches by FTP, passive and active, where nothing may pass but what the helper expects', async () => {
    inForce(
      '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      `-A FORWARD -p tcp -m tcp --dport ${ftp} -j ACCEPT`,
      '-A FORWARD -j REJECT --reject-with icmp-admin-prohibited',
    );
    for (const [name, guest] of Object.entries({ virtio, ne2k })) {
      const [address] = network.services.names.addressesOf(name);
      for (const fetch of [passiveFetch(MACHINE, ftp), activeFetch(MACHINE, ftp, address!)]) {
        const [sum] = (await succeeds(guest, fetch)).split(' ');
        assert.equal(sum, FILE_SUM, `${name}: ${fetch}`);
      }
    }
    inForce();
  });

  it('is refused what the rules refuse, and only that', async () => {
    const [address] = network.services.names.addressesOf('virtio');
    inForce(`-A FORWARD -s ${address} -p tcp -m tcp --dport ${http} -j REJECT --reject-with tcp-reset`);
    const url = `http://100.64.0.2:${http}/x`;
    assert.match((await virtio.run(`wget -O - ${url}`)).output, /Connection refused/);
    await succeeds(ne2k, `wget -q -O - ${url}`);
    inForce();
  });

  it('goes on when the network was restarted', async () => {
    await network.close();
    await start();
    nics.virtio.attach(virtio.emulator);
    nics.ne2k.attach(ne2k.emulator);
    inForce();
    await succeeds(ne2k, `wget -q -O - http://100.64.0.2:${http}/x`);
  });

  it('may be killed in the middle, and is served again when it is back', async () => {
    const fetching = once(server, 'request');
    void virtio.run(`wget -q -O /dev/null http://machine:${http}/big`);
    await fetching;
    await virtio.kill();
    nics.virtio.detach();
    virtio = new V86Guest('virtio');
    await virtio.booted();
    nics.virtio.attach(virtio.emulator);
    await configure(virtio, 'virtio');
    await succeeds(virtio, 'ping -c 1 -W 10 machine');
  });
});

/** What a program says on the gateway. */
async function onGateway(network: GuestNetwork, ...argv: readonly string[]): Promise<string> {
  let text = '';
  await new NetworkInstance(network, new AuditLog()).run('gateway', argv, {
    out: (more) => void (text += more),
    err: (more) => void (text += more),
    readInput: () => Promise.resolve(''),
    pointAt: () => {},
    cwd: '/',
    cancelled: new AbortController().signal,
  });
  return text;
}
