/**
 * `npx tsx test/stack/tcp/linux/table.ts [MEGABYTES]` (as root): transfers between our TCP and the running kernel's, both
 * ways, IPv4 and IPv6, without and with losses and reordering, as a table. 1000 megabytes each unless said otherwise. Both
 * sides send under CUBIC, whatever the kernel's default is: BBR, which does not heed losses, would be no peer.
 */
import { KernelSession } from './session.ts';
import { download, upload } from './transfer.ts';

const downloadCubic: typeof upload = (session, family, bytes) => download(session, family, bytes, 'cubic');

const megabytes = Number(process.argv[2] ?? 1000);
const LINKS = ['', 'delay 1ms loss 1%', 'delay 1ms loss 5%', 'delay 2ms reorder 10% 50%'];

const session = await KernelSession.open();
try {
  for (const netem of LINKS) {
    for (const family of [4, 6] as const) {
      for (const [name, transfer] of Object.entries({ upload, download: downloadCubic })) {
        session.impair(netem);
        const { ok, seconds } = await transfer(session, family, megabytes * 1e6);
        const rate = ((megabytes * 8) / seconds).toFixed(0);
        console.log(
          `${ok ? 'equal  ' : 'DIFFERS'}  IPv${family}  ${name.padEnd(8)}  ${rate.padStart(6)} Mbit/s  ${netem || 'clean'}`,
        );
      }
    }
  }
} finally {
  await session.close();
}
