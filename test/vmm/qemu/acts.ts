/**
 * What a guest network does for Linux guests in QEMU, act by act, with real peers: the first guest boots from the network; vsftpd
 * and an HTTP server are this machine's (in a network namespace, since FTP wants port 21). `npm run demo:qemu` prints the acts
 * as they go, test/vmm/qemu-acts.test.ts runs them as tests.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guestFiles, KERNEL_WORDS, QemuGuest } from './guest.ts';

export const PROGRAMS = [
  ...['qemu-system-x86_64', 'busybox', 'cpio', 'apt-get', 'ip', 'vsftpd', 'lftp', 'curl', 'ping'],
] as const;

const SLUICE = 'bin/sluice.js';
const MACHINE = '100.64.0.2';
const MACHINE6 = 'fd53:6c75:6963:6500::2';
const MAC = { web: '02:00:00:00:00:11', db: '02:00:00:00:00:12' } as const;
const READY_MS = 120_000;
const FILE_BYTES = 300_000;

const RULES = `
  *raw
  -A PREROUTING -i lan -p tcp --dport 21 -j CT --helper ftp
  COMMIT
  *filter
  :FORWARD DROP [0:0]
  -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  -A FORWARD -i lan -p tcp -m multiport --dports 21,8000 -j ACCEPT
  -A FORWARD -i lan -p icmp -j ACCEPT
  -A FORWARD -i wan -o lan -j ACCEPT
  -A FORWARD -i lan -j REJECT --reject-with icmp-admin-prohibited
  COMMIT
`;

/** Everything that runs, and how it is spoken to. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-acts-'));
  private readonly namespace = `sluice-acts-${process.pid}`;
  private readonly say: (line: string) => void;
  private readonly children: ChildProcess[] = [];
  private network: ChildProcess | null = null;
  private said = '';
  guests: Partial<Record<'web' | 'db', QemuGuest>> = {};

  constructor(say: (line: string) => void) {
    this.say = say;
  }

  /** The servers outside, and the network. */
  async open(): Promise<void> {
    const { folder } = this;
    chmodSync(folder, 0o755);
    for (const name of ['served', 'empty', 'boot']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'served', 'file.bin'), Buffer.alloc(FILE_BYTES, 'sluice '));
    const [kernel, disk] = guestFiles('lftp');
    copyFileSync(kernel, join(folder, 'boot', 'vmlinuz'));
    copyFileSync(disk, join(folder, 'boot', 'disk.gz'));
    const script = ['#!ipxe', `kernel vmlinuz ${KERNEL_WORDS} initrd=disk.gz`, 'initrd disk.gz', 'boot', ''];
    writeFileSync(join(folder, 'boot', 'menu.ipxe'), script.join('\n'));
    const settings = [
      ...['listen=YES', 'listen_ipv6=NO', 'background=NO', 'anonymous_enable=YES', 'seccomp_sandbox=NO'],
      ...[`anon_root=${join(folder, 'served')}`, `secure_chroot_dir=${join(folder, 'empty')}`],
      ...['connect_from_port_20=YES', 'xferlog_enable=NO', ''],
    ];
    writeFileSync(join(folder, 'vsftpd.conf'), settings.join('\n'));
    writeFileSync(join(folder, 'network.yaml'), this.networkFile());
    execFileSync('ip', ['netns', 'add', this.namespace]);
    execFileSync('ip', ['-n', this.namespace, 'link', 'set', 'lo', 'up']);
    this.inside('vsftpd', join(folder, 'vsftpd.conf'));
    for (const address of ['127.0.0.1', '[::1]'])
      this.inside('busybox', 'httpd', '-f', '-p', `${address}:8000`, '-h', join(folder, 'served'));
    await this.up();
  }

  async close(): Promise<void> {
    for (const guest of Object.values(this.guests)) guest.kill();
    await this.down();
    for (const child of this.children) child.kill('SIGKILL');
    spawnSync('ip', ['netns', 'del', this.namespace]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Starts the network; its guests' VMMs may run already. */
  async up(): Promise<void> {
    const words = [SLUICE, 'net', 'up', join(this.folder, 'network.yaml'), '--socket', this.control];
    this.said = '';
    const network = spawn('ip', ['netns', 'exec', this.namespace, process.execPath, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.network = network;
    network.stdout.on('data', (chunk) => (this.said += String(chunk)));
    await this.until('the network stands', () => this.said.includes('control '));
    for (const line of this.said.trim().split('\n')) this.say(line);
  }

  async down(): Promise<void> {
    const { network } = this;
    this.network = null;
    if (network === null || network.exitCode !== null) return;
    const ended = new Promise((done) => network.once('exit', done));
    network.kill('SIGTERM');
    await ended;
  }

  private get control(): string {
    return join(this.folder, 'control.sock');
  }

  private networkFile(): string {
    const { folder } = this;
    return [
      'address: [192.168.122.1/24, "fd00:122::1/64"]',
      'guests:',
      `  web: { socket: connect:${folder}/web.sock, mac: "${MAC.web}", ip: 192.168.122.11 }`,
      `  db: { socket: connect:${folder}/db.sock, mac: "${MAC.db}", ip: 192.168.122.12 }`,
      'forwards: [8080=web:80]',
      `boot: { folder: ${folder}/boot, file: menu.ipxe }`,
      `log: ${folder}/audit.jsonl`,
      `rules: |${RULES}`,
    ].join('\n');
  }

  private inside(...words: string[]): void {
    const child = spawn('ip', ['netns', 'exec', this.namespace, ...words], { stdio: 'ignore' });
    this.children.push(child);
  }

  /** On this machine, where the servers are. */
  outside(command: string): string {
    this.say(`machine$ ${command}`);
    const { status, stdout, stderr } = spawnSync(
      'ip',
      ['netns', 'exec', this.namespace, 'sh', '-c', command],
      {
        encoding: 'utf8',
      },
    );
    this.show(stdout + stderr);
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  }

  sluice(...words: string[]): string {
    this.say(`machine$ sluice ${words.join(' ')}`);
    const args =
      words[0] === 'net'
        ? [...words, '--socket', this.control]
        : [words[0]!, '--socket', this.control, ...words.slice(1)];
    const { status, stdout, stderr } = spawnSync(process.execPath, [SLUICE, ...args], { encoding: 'utf8' });
    this.show(stdout + stderr);
    if (status !== 0) throw new Error(`sluice ${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  async boot(name: 'web' | 'db', fromNetwork = false): Promise<void> {
    // So that the network may come back: to what it listens on, QEMU comes back by itself from 8.0 on only.
    const socket = `stream,id=n0,server=on,addr.type=unix,addr.path=${join(this.folder, `${name}.sock`)}`;
    const card = ['-netdev', socket, '-device', `virtio-net-pci,netdev=n0,mac=${MAC[name]}`];
    this.say(
      `machine$ qemu-system-x86_64 … ${card.join(' ')}${fromNetwork ? ' -boot n' : ' -kernel vmlinuz -initrd disk'}`,
    );
    const guest = new QemuGuest(card, ['lftp'], fromNetwork);
    this.guests[name] = guest;
    await guest.boot(READY_MS);
  }

  /** What a guest says to a command that must (or must not) succeed. */
  async run(name: 'web' | 'db', command: string, isFine = true): Promise<string> {
    this.say(`${name}# ${command}`);
    const { status, output } = await this.guests[name]!.run(command);
    this.show(output);
    if ((status === 0) !== isFine) throw new Error(`${name}: ${command}: status ${status}: ${output}`);
    return output;
  }

  async configure(name: 'web' | 'db'): Promise<void> {
    await this.run(name, 'ip link set eth0 up && udhcpc -i eth0 -s /etc/lease.sh -n -q -t 20 -T 1');
  }

  audit(): string {
    return readFileSync(join(this.folder, 'audit.jsonl'), 'utf8');
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    for (const end = Date.now() + READY_MS; !isSo(); await sleep(50)) {
      if (Date.now() > end) throw new Error(`not in time: ${what}`);
    }
  }

  private show(text: string): void {
    for (const line of text.trimEnd().split('\n')) if (line !== '') this.say(line);
  }
}

export interface Act {
  readonly says: string;
  play(stage: Stage): Promise<void>;
}

function expect(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${String(pattern)} is not in: ${text}`);
}

const FETCH = (passive: boolean) =>
  `cd /tmp && rm -f file.bin && HOME=/tmp lftp -c "set net:max-retries 2; set net:timeout 30; set ftp:ssl-allow no; ` +
  `set ftp:prefer-epsv no; set ftp:passive-mode ${passive ? 'on' : 'off'}; ` +
  `open -u anonymous,x@example.test ftp://${MACHINE}; get file.bin" && wc -c <file.bin`;

/** In this order: each finds the stage as the one before it left it. */
export const ACTS: readonly Act[] = [
  {
    says: 'a guest boots from the network: its card’s own firmware (iPXE), DHCP, TFTP',
    play: (stage) => stage.boot('web', true),
  },
  {
    says: 'it gets its address by DHCP, and one of IPv6 by the advertisement',
    async play(stage) {
      await stage.configure('web');
      expect(await stage.run('web', 'ip -4 addr show dev eth0'), /inet 192\.168\.122\.11\/24/);
      const wait = 'until ip -6 addr show dev eth0 | grep "scope global dynamic"; do usleep 100000; done';
      expect(await stage.run('web', wait), /fd00:122::ff:fe00:11\/64/);
      expect(await stage.run('web', 'ip -6 route'), /default via fe80::/);
      expect(await stage.run('web', 'cat /sys/class/net/eth0/mtu'), /^65520$/m);
    },
  },
  {
    says: 'it finds this machine by its name',
    async play(stage) {
      expect(await stage.run('web', 'nslookup machine'), /100\.64\.0\.2/);
      expect(await stage.run('web', 'nslookup nobody.guests.internal', false), /NXDOMAIN/);
    },
  },
  {
    says: 'it fetches a file from an HTTP server of this machine, over IPv4 and IPv6',
    async play(stage) {
      for (const machine of [MACHINE, `[${MACHINE6}]`]) {
        const command = `wget -q -O - "http://${machine}:8000/file.bin" | wc -c`;
        expect(await stage.run('web', command), new RegExp(`^${FILE_BYTES}$`, 'm'));
      }
    },
  },
  {
    says: 'it is pinged by its gateway, pings this machine, and nobody where there is nobody',
    async play(stage) {
      await stage.run('web', 'ping -c 1 -W 10 machine');
      await stage.run('web', 'ping -c 1 -W 2 192.0.2.77', false);
      expect(stage.sluice('ping', '-c', '1', '192.168.122.11'), / 0% packet loss/);
    },
  },
  {
    says: 'it serves a page to this machine by a port forward',
    async play(stage) {
      await stage.run('web', 'echo "from the guest" >/www/page; httpd -p 80 -h /www');
      expect(stage.outside('curl -s http://127.0.0.1:8080/page'), /^from the guest$/m);
    },
  },
  {
    says: 'it fetches by FTP from vsftpd, passive',
    async play(stage) {
      expect(await stage.run('web', FETCH(true)), new RegExp(`^${FILE_BYTES}$`, 'm'));
    },
  },
  {
    says: 'and active: the server calls back, through the helper’s pinhole',
    async play(stage) {
      expect(await stage.run('web', FETCH(false)), new RegExp(`^${FILE_BYTES}$`, 'm'));
    },
  },
  {
    says: 'it is refused what the rules refuse, and that is written down',
    async play(stage) {
      expect(
        await stage.run('web', 'wget -O - http://100.64.0.2:8001/', false),
        /prohibited|unreachable|No route/i,
      );
      await stage.until('the refusal in the log', () =>
        /"event":"refuse".*:8001".*FORWARD/.test(stage.audit()),
      );
    },
  },
  {
    says: 'a second guest comes, and talks to the first',
    async play(stage) {
      await stage.boot('db');
      await stage.configure('db');
      expect(await stage.run('db', 'wget -q -O - http://web/page'), /from the guest/);
    },
  },
  {
    says: 'the first is killed in the middle, and served again when it is back',
    async play(stage) {
      stage.guests.web!.kill();
      await stage.boot('web');
      await stage.configure('web');
      await stage.run('web', 'ping -c 1 -W 10 machine');
    },
  },
  {
    says: 'the network ends and is started anew under the living guests, which go on',
    async play(stage) {
      await stage.down();
      await stage.up();
      const isBack =
        'for i in $(seq 8); do timeout 6 wget -q -O - http://100.64.0.2:8000/file.bin | wc -c | grep -x 300000 && break; sleep 1; done';
      for (const name of ['web', 'db'] as const) expect(await stage.run(name, isBack), /^300000$/m);
    },
  },
];
