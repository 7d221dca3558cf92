/**
 * vsftpd outside, lftp, curl and tnftp inside: every file arrives through a gateway that lets nothing pass but the control
 * connection and what the helper expects. SLUICE_TRANSFERS=1000 makes so many transfers in each way.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LiveGateway, OUTSIDE, PATIENCE_MS, requireLive } from './live-gateway.ts';

const TRANSFERS = Number(process.env['SLUICE_TRANSFERS'] ?? 12);
const BYTES = 2000;
const HELPER = '-p tcp -m tcp --dport 21 -j CT --helper ftp';
const ALLOWED = '-p tcp -m tcp --dport 21 -m conntrack --ctstate NEW';
/** A connection carries so many transfers, then another is made. */
const A_CONNECTION = 25;

for (const nat of [false, true]) {
  describe(`FTP between programs, ${nat ? 'translated' : 'untranslated'}`, function () {
    this.timeout(PATIENCE_MS + TRANSFERS * 1000);
    let live: LiveGateway;
    const contents = Buffer.from(Array.from({ length: BYTES }, (_, i) => (i * 7) & 0xff));

    before(async function () {
      requireLive(this, 'vsftpd', 'lftp', 'curl', 'tnftp');
      live = await LiveGateway.open({ nat, helpers: [HELPER], allowed: [ALLOWED] });
      serve(live);
      await live.listening('outside', 'tcp', 21);
    });
    after(() => live?.close());

    function serve({ folder }: LiveGateway): void {
      chmodSync(folder, 0o755);
      mkdirSync(join(folder, 'served'));
      mkdirSync(join(folder, 'empty'));
      writeFileSync(join(folder, 'served', 'file.bin'), contents);
      const settings = [
        'listen=NO',
        'listen_ipv6=YES',
        'background=NO',
        'anonymous_enable=YES',
        `anon_root=${join(folder, 'served')}`,
        `secure_chroot_dir=${join(folder, 'empty')}`,
        'connect_from_port_20=YES',
        'seccomp_sandbox=NO',
        'xferlog_enable=NO',
      ];
      writeFileSync(join(folder, 'vsftpd.conf'), `${settings.join('\n')}\n`);
      live.start('outside', 'vsftpd', [join(folder, 'vsftpd.conf')]);
    }

    /** TRANSFERS files, some a connection; every one has arrived whole, and came through a pinhole of its own. */
    async function fetched(fetch: (names: readonly string[]) => Promise<unknown>): Promise<void> {
      const before = used();
      for (let done = 0; done < TRANSFERS; done += A_CONNECTION) {
        const names = Array.from(
          { length: Math.min(A_CONNECTION, TRANSFERS - done) },
          (_, i) => `got-${done + i}`,
        );
        await fetch(names);
        for (const name of names) assert.deepEqual(readFileSync(join(live.folder, name)), contents, name);
      }
      assert.ok(used() - before >= TRANSFERS, `${used() - before} of ${TRANSFERS} through pinholes`);
    }

    function used(): number {
      return [...live.flows.all].reduce((sum, flow) => sum + flow.used, 0);
    }

    function lftp(passive: boolean, address: string): (names: readonly string[]) => Promise<unknown> {
      const settings = `set net:max-retries 2; set net:timeout 60; set ftp:ssl-allow no; set ftp:passive-mode ${passive ? 'on' : 'off'}; set ftp:prefer-epsv no; set xfer:clobber yes`;
      return (names) => {
        const gets = names.map((name) => `get file.bin -o ${name}`).join('; ');
        return live.run('inside', 'lftp', [
          '-c',
          `${settings}; open -u anonymous,x@example.test ftp://${address}; ${gets}`,
        ]);
      };
    }

    function curl(
      address: string,
      ...options: readonly string[]
    ): (names: readonly string[]) => Promise<unknown> {
      const url = `ftp://${address}/file.bin`;
      const user = ['--user', 'anonymous:x@example.test'];
      return (names) =>
        live.run('inside', 'curl', [
          '-sS',
          '--disable',
          ...options,
          ...user,
          ...names.flatMap((name) => [url, '-o', name]),
        ]);
    }

    function tnftp(passive: boolean, address: string): (names: readonly string[]) => Promise<unknown> {
      return (names) => {
        const words = ['binary', ...names.map((name) => `get file.bin ${name}`), 'quit'];
        return live.run(
          'inside',
          'env',
          ['FTPANONPASS=x@example.test', 'tnftp', '-a', passive ? '-p' : '-A', address],
          `${words.join('\n')}\n`,
        );
      };
    }

    it('lftp, PASV', () => fetched(lftp(true, OUTSIDE[4])));
    it('lftp, PORT', () => fetched(lftp(false, OUTSIDE[4])));
    it('curl, EPSV', () => fetched(curl(OUTSIDE[4])));
    it('curl, EPRT', () => fetched(curl(OUTSIDE[4], '--ftp-port', '-')));
    it('lftp, passive over IPv6', () => fetched(lftp(true, `[${OUTSIDE[6]}]`)));
    it('curl, EPRT over IPv6', () => fetched(curl(`[${OUTSIDE[6]}]`, '--ftp-port', '-')));
    it('tnftp, EPSV over IPv6', () => fetched(tnftp(true, OUTSIDE[6])));
    it('tnftp, EPRT over IPv6', () => fetched(tnftp(false, OUTSIDE[6])));

    it('nothing is left open', () => assert.deepEqual(live.expectations, []));
  });
}
