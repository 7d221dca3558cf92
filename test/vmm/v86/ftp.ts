/** FTP for guests of v86: vsftpd on this machine, and what a guest with nothing but busybox says to fetch from it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FILE = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7) & 0xff));
/** As md5sum prints it. */
export const FILE_SUM = createHash('md5').update(FILE).digest('hex');
const DATA_PORT = 2021;

/** On the loopback interface, for whoever comes; needs root. */
export class FtpServer {
  readonly port: number;
  private readonly folder: string;
  private readonly process: ChildProcess;

  private constructor(port: number) {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-ftp-'));
    chmodSync(folder, 0o755);
    for (const name of ['served', 'empty']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'served', 'file.bin'), FILE);
    const settings = [
      ...['listen=YES', 'listen_address=127.0.0.1', `listen_port=${port}`, 'background=NO'],
      ...['anonymous_enable=YES', `anon_root=${join(folder, 'served')}`, 'pasv_address=100.64.0.2'],
      ...[`secure_chroot_dir=${join(folder, 'empty')}`, 'seccomp_sandbox=NO', 'xferlog_enable=NO'],
    ];
    writeFileSync(join(folder, 'vsftpd.conf'), `${settings.join('\n')}\n`);
    this.port = port;
    this.folder = folder;
    this.process = spawn('vsftpd', [join(folder, 'vsftpd.conf')], { stdio: 'ignore' });
  }

  static async begin(): Promise<FtpServer> {
    return new FtpServer(await freePort());
  }

  end(): void {
    this.process.kill();
    rmSync(this.folder, { recursive: true });
  }
}

export function passiveFetch(host: string, port: number): string {
  return `ftpget -P ${port} ${host} /tmp/got file.bin && md5sum /tmp/got`;
}

/** Busybox's own client is passive: this one is netcat twice, and answers what the server says line by line. */
export function activeFetch(host: string, port: number, own: string): string {
  const place = `${own.replaceAll('.', ',')},${DATA_PORT >> 8},${DATA_PORT & 0xff}`;
  const answers = [
    ...['220*) c="USER ftp"', '331*) c="PASS x"', '230*) c="TYPE I"'],
    ...[`*inary*) c="PORT ${place}"`, '200*) c="RETR file.bin"', '226*) c=QUIT', '*) continue'],
  ];
  return [
    `rm -f /tmp/say; mkfifo /tmp/say; nc -l -p ${DATA_PORT} >/tmp/got & data=$!`,
    `nc ${host} ${port} </tmp/say | { exec 3>/tmp/say`,
    `while read -r l; do case $l in ${answers.join(';; ')};; esac`,
    `printf '%s\\r\\n' "$c" >&3; done; }; wait $data; md5sum /tmp/got`,
  ].join('; ');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
