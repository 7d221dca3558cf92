/** Virtual machines on a lab's networks: examples/guests/three-networks.yaml with Linux in QEMU, and this machine as its world. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inOrder } from '../support/in-order.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { QemuGuest } from './qemu/guest.ts';

const PROGRAM = resolve('bin/sluice.js');
const EXAMPLE = 'examples/guests/three-networks.yaml';
const BOOT_MS = 120_000;
const LEASE = 'ip link set eth0 up && udhcpc -i eth0 -s /etc/lease.sh -n -q -t 20 -T 1';

describe('a lab with virtual machines', function () {
  this.timeout(300_000);
  inOrder();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-lab-'));
  const control = join(folder, 'control.sock');
  const server = createServer((request, response) => response.end(`of the world: ${request.url}\n`));
  const guests = new Map<string, QemuGuest>();
  let network: ChildProcess;
  let said = '';

  const run = async (guest: string, command: string) => guests.get(guest)!.run(command);
  const succeeds = async (guest: string, command: string) => {
    const { status, output } = await run(guest, command);
    assert.equal(status, 0, `${guest}: ${command}: ${output}`);
    return output;
  };
  const sluice = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...words], { encoding: 'utf8' });
    assert.equal(status, 0, `${words.join(' ')}: ${stderr}`);
    return stdout;
  };

  before(async function () {
    for (const program of ['qemu-system-x86_64', 'busybox', 'cpio', 'apt-get'])
      requireOrSkip(this, `needs ${program}`, hasProgram(program));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const file = join(folder, 'lab.yaml');
    writeFileSync(file, readFileSync(EXAMPLE, 'utf8').replace('8080=web', '0=web'));
    network = spawn(process.execPath, [PROGRAM, 'net', 'up', file, '--socket', control], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    network.stdout!.on('data', (chunk) => (said += String(chunk)));
    const until = Date.now() + BOOT_MS;
    while (!said.includes('control ') && network.exitCode === null && Date.now() < until) await sleep(50);
    assert.match(said, /^control /m);
  });

  after(async () => {
    for (const guest of guests.values()) guest.kill();
    server.close();
    if (network !== undefined) {
      const ended = new Promise((done) => network.once('exit', done));
      network.kill('SIGINT');
      await ended;
    }
    rmSync(folder, { recursive: true });
  });

  it('says what their VMMs are to be told, and hears them come', async () => {
    for (const name of ['web', 'desk']) {
      const words = new RegExp(`^${name}: … (.*)$`, 'm').exec(said)![1]!;
      const guest = new QemuGuest(words.replace('addr.path=', `addr.path=${folder}/`).split(' '));
      guests.set(name, guest);
      await guest.boot(BOOT_MS);
      assert.match(said, new RegExp(`^${name}: connected$`, 'm'));
    }
  });

  it('leases each an address of its own network', async () => {
    await succeeds('web', LEASE);
    await succeeds('desk', LEASE);
    assert.match(await succeeds('web', 'ip -4 addr show dev eth0'), /inet 192\.168\.10\.80\/24/);
    assert.match(await succeeds('desk', 'ip -4 addr show dev eth0'), /inet 192\.168\.20\.1\d\d\/24/);
    assert.match(await succeeds('desk', 'nslookup printer 192.168.20.1'), /192\.168\.20\.9/);
  });

  it('lets them talk to the lab’s own hosts and to each other, as the router’s rules allow', async () => {
    await succeeds('web', 'echo "from the guest" >/www/page; httpd -p 80 -h /www');
    await succeeds('desk', 'ping -c 1 -W 10 192.168.20.9');
    assert.match(await succeeds('desk', 'wget -q -O - http://192.168.10.80/page'), /^from the guest$/m);
    const back = await run('web', 'wget -O - http://192.168.20.9:7/');
    assert.notEqual(back.status, 0);
    assert.match(back.output, /prohibited|unreachable|No route/i);
  });

  it('is their way to the world, and the world’s to them', async () => {
    const { port } = server.address() as AddressInfo;
    const page = await succeeds('desk', `wget -q -O - http://100.64.0.2:${port}/x`);
    assert.match(page, /^of the world: \/x$/m);
    assert.notEqual((await run('web', `wget -q -O - http://100.64.0.2:${port}/`)).status, 0);
    const forwarded = Number(/^forward tcp\/127\.0\.0\.1:(\d+)=web:80$/m.exec(said)![1]);
    assert.equal(await fetched(`http://127.0.0.1:${forwarded}/page`), 'from the guest\n');
  });

  it('takes rules, and tells how it is, while it runs', async () => {
    const on = ['--socket', control, '--node', 'router'];
    const { port } = server.address() as AddressInfo;
    sluice('iptables', ...on, '-I', 'FORWARD', '-s', '192.168.10.80', '-o', 'uplink', '-j', 'ACCEPT');
    assert.match(await succeeds('web', `wget -q -O - http://100.64.0.2:${port}/y`), /^of the world: \/y$/m);
    assert.match(sluice('iptables', ...on, '-nvxL', 'FORWARD', '1'), /^ +[1-9]\d* +[1-9]\d* ACCEPT/);
    assert.match(sluice('conntrack', ...on, '-L'), /src=192\.168\.10\.80 dst=100\.64\.0\.2/);
    assert.match(sluice('ping', ...on, '-c', '1', '192.168.10.80'), / 0% packet loss/);
    const status = sluice('net', 'status', '--socket', control);
    assert.match(status, /^web: connected, unix:.*\n^desk: connected/m);
    assert.match(status, /^router: \d+ connections tracked$/m);
  });

  it('sees a machine go, and come again', async () => {
    guests.get('desk')!.kill();
    const until = Date.now() + BOOT_MS;
    while (!said.includes('desk: gone') && Date.now() < until) await sleep(50);
    assert.match(sluice('net', 'status', '--socket', control), /^desk: not there/m);
    const words = /^desk: … (.*)$/m.exec(said)![1]!;
    const guest = new QemuGuest(words.replace('addr.path=', `addr.path=${folder}/`).split(' '));
    guests.set('desk', guest);
    await guest.boot(BOOT_MS);
    await succeeds('desk', LEASE);
    assert.match(await succeeds('desk', 'wget -q -O - http://192.168.10.80/page'), /^from the guest$/m);
  });
});

function fetched(url: string): Promise<string> {
  return new Promise((done, failed) => {
    get(url, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => done(text));
    }).on('error', failed);
  });
}
