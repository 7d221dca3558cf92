/** Our TCP and the running kernel's, over a TAP device in a namespace: the streams arrive whole, whoever sends them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { hasProgram, requireOrSkip } from '../../support/require.ts';
import { KERNEL_ADDRESS, KernelSession, OUR_ADDRESS, PEER_PORT } from './linux/session.ts';
import { curlDownload, curlUpload, iperf3, withSite } from './linux/programs.ts';
import { download, upload } from './linux/transfer.ts';

describe('tcp: with Linux', function () {
  this.timeout(120_000);
  let session: KernelSession;

  before(async function () {
    requireOrSkip(
      this,
      'needs root and /dev/net/tun',
      process.getuid?.() === 0 && existsSync('/dev/net/tun'),
    );
    session = await KernelSession.open();
  });

  after(async () => {
    await session?.close();
  });

  for (const [netem, bytes] of [
    ['', 20_000_000],
    ['delay 1ms loss 1%', 3_000_000],
    ['delay 1ms loss 5%', 1_000_000],
    ['delay 2ms reorder 10% 50%', 3_000_000],
    ['delay 1ms duplicate 5% corrupt 1%', 1_000_000],
  ] as const) {
    for (const family of [4, 6] as const) {
      it(`${bytes / 1e6} MB each way over ${netem === '' ? 'a clean link' : `"${netem}"`}, IPv${family}`, async () => {
        session.impair(netem);
        assert.ok((await upload(session, family, bytes)).ok, 'to the kernel');
        assert.ok((await download(session, family, bytes)).ok, 'from the kernel');
      });
    }
  }

  it('200 connections at once echo what they are sent', async () => {
    session.impair('');
    const echo = async (n: number) => {
      const socket = session.net.connect({ port: PEER_PORT, host: KERNEL_ADDRESS[n % 2 === 0 ? 4 : 6] });
      const message = Buffer.alloc(10_000 + n, n);
      socket.end(Buffer.concat([Buffer.from('echo\n'), message]));
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).equals(message);
    };
    const results = await Promise.all(Array.from({ length: 200 }, (_, n) => echo(n)));
    assert.ok(results.every((same) => same));
  });

  it('curl gets from a Node HTTP server on our host, and puts to it, what both ends hash alike', async () => {
    session.impair('delay 1ms loss 2%');
    await withSite(session, async () => {
      for (const family of [4, 6] as const) {
        assert.ok((await curlDownload(session, family, 1_000_000)).ok, `get, IPv${family}`);
        assert.ok((await curlUpload(session, family, 1_000_000)).ok, `put, IPv${family}`);
      }
    });
  });

  for (const isReverse of [false, true]) {
    it(`iperf3 ${isReverse ? 'is sent' : 'sends'} over 128 connections at once, through losses and reordering`, async function () {
      requireOrSkip(this, 'needs iperf3', hasProgram('iperf3'));
      session.impair('delay 1ms loss 0.5% reorder 10% 50%');
      const { ok, server } = await iperf3(session, 4, 8_000_000, 128, isReverse);
      assert.ok(ok);
      assert.equal(server?.streams, 128);
    });
  }

  it('refuses the kernel where nobody listens, and is refused', async () => {
    session.impair('');
    await assert.rejects(session.run('curl', '-s', '--max-time', '10', `http://${OUR_ADDRESS[4]}:81/`));
    const [error] = (await once(session.net.connect(9, KERNEL_ADDRESS[4]), 'error')) as [
      NodeJS.ErrnoException,
    ];
    assert.equal(error.code, 'ECONNREFUSED');
  });
});
