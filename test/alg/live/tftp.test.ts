/** tftpd-hpa outside, tftp-hpa inside: files fetched and put through a gateway that lets only requests out. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LiveGateway, OUTSIDE, PATIENCE_MS, requireLive } from './live-gateway.ts';

const TRANSFERS = Number(process.env['SLUICE_TRANSFERS'] ?? 10);
const HELPER = '-p udp -m udp --dport 69 -j CT --helper tftp';
const ALLOWED = '-p udp -m udp --dport 69 -m conntrack --ctstate NEW';

for (const nat of [false, true]) {
  describe(`TFTP between programs, ${nat ? 'translated' : 'untranslated'}`, function () {
    this.timeout(PATIENCE_MS + TRANSFERS * 1000);
    let live: LiveGateway;
    const contents = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 11) & 0xff));

    before(async function () {
      requireLive(this, 'in.tftpd', 'tftp');
      live = await LiveGateway.open({ nat, helpers: [HELPER], allowed: [ALLOWED] });
      const served = join(live.folder, 'served');
      mkdirSync(served);
      chmodSync(live.folder, 0o755);
      chmodSync(served, 0o777);
      writeFileSync(join(served, 'file.bin'), contents);
      writeFileSync(join(live.folder, 'own.bin'), contents);
      const options = ['--foreground', '--user', 'root', '--create', '--permissive', '--secure', served];
      live.start('outside', 'in.tftpd', options);
      await live.listening('outside', 'udp', 69);
    });
    after(() => live?.close());

    for (const family of [4, 6] as const) {
      it(`files are fetched over IPv${family}, each by an answer that was expected`, async () => {
        for (let i = 0; i < TRANSFERS; i++) {
          const words = [`-${family}`, '-m', 'octet', OUTSIDE[family], '-c', 'get', 'file.bin', `got-${i}`];
          await live.run('inside', 'tftp', words);
          assert.deepEqual(readFileSync(join(live.folder, `got-${i}`)), contents);
        }
      });
    }

    it('a file is put', async () => {
      await live.run('inside', 'tftp', ['-4', '-m', 'octet', OUTSIDE[4], '-c', 'put', 'own.bin', 'put.bin']);
      // The last block is acknowledged before it is written.
      const path = join(live.folder, 'served', 'put.bin');
      const deadline = Date.now() + PATIENCE_MS;
      while (readFileSync(path).length < contents.length && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.deepEqual(readFileSync(path), contents);
    });

    it('every answer came through a pinhole, and none is left open', () => {
      const flows = [...live.flows.all];
      // A client may draw a port that one before it had: then both are of one connection.
      const answers = flows.reduce((sum, { used }) => sum + used, 0);
      assert.ok(answers >= 2 * TRANSFERS + 1, `${answers} answers`);
      assert.ok(flows.every(({ used }) => used >= 1));
      assert.deepEqual(live.expectations, []);
    });
  });
}
