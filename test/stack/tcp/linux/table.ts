/**
 * `npx tsx test/stack/tcp/linux/table.ts [MEGABYTES [PEER | LINK]…]` (as root): what goes between our TCP and the running kernel's,
 * as a table: so many megabytes (1000 unless said otherwise) each way, IPv4 and IPv6, over links that lose and reorder what
 * they carry. Of each peer all four transfers go at once, over one link. The peers are a program that hashes what it gets and
 * curl (both ends' checksums compared), and iperf3 with 128 connections for each transfer.
 *
 * Both sides send under CUBIC, whatever the kernel's default is: BBR, which does not heed losses, would be no peer.
 */
import { curlDownload, curlUpload, iperf3, withSite } from './programs.ts';
import { KernelSession } from './session.ts';
import { download, upload, type Result } from './transfer.ts';

const [megabytes = '1000', ...words] = process.argv.slice(2);
const BYTES = Number(megabytes) * 1e6;
const STREAMS = 128;
const LINKS = [
  '',
  'delay 1ms reorder 10% 50%',
  'delay 1ms loss 1%',
  'delay 1ms loss 5%',
  'delay 1ms loss 1% reorder 10% 50%',
];
const FAMILIES = [4, 6] as const;

type Transfer = (session: KernelSession, family: 4 | 6) => Promise<Result>;

interface Peer {
  readonly name: string;
  readonly toKernel: Transfer;
  readonly fromKernel: Transfer;
  /** One after the other: an iperf3 server has one test at a time. */
  readonly oneByOne: boolean;
}

const PEERS: readonly Peer[] = [
  {
    name: 'sockets',
    toKernel: (session, family) => upload(session, family, BYTES),
    fromKernel: (session, family) => download(session, family, BYTES, 'cubic'),
    oneByOne: false,
  },
  {
    name: 'curl',
    toKernel: (session, family) => curlDownload(session, family, BYTES),
    fromKernel: (session, family) => curlUpload(session, family, BYTES),
    oneByOne: false,
  },
  {
    name: 'iperf3',
    toKernel: (session, family) => iperf3(session, family, BYTES, STREAMS, true),
    fromKernel: (session, family) => iperf3(session, family, BYTES, STREAMS, false),
    oneByOne: true,
  },
];

async function measure(session: KernelSession, { toKernel, fromKernel, oneByOne }: Peer): Promise<string[]> {
  const runs = [toKernel, fromKernel].flatMap((transfer) =>
    FAMILIES.map((family) => () => transfer(session, family)),
  );
  const results: Result[] = [];
  if (oneByOne) for (const run of runs) results.push(await run());
  else results.push(...(await Promise.all(runs.map((run) => run()))));
  return results.map(({ ok, seconds }) => (ok ? (BYTES / 1e6 / seconds).toPrecision(3) : 'DIFFERS'));
}

const peers = PEERS.filter(({ name }) => words.includes(name));
const links = words.filter((word) => !peers.some(({ name }) => name === word));
const session = await KernelSession.open('cubic');
try {
  await withSite(session, async () => {
    console.log('| link | peer | to Linux, IPv4 | to Linux, IPv6 | from Linux, IPv4 | from Linux, IPv6 |');
    console.log('| ---- | ---- | -------------: | -------------: | ---------------: | ---------------: |');
    for (const netem of links.length > 0 ? links : LINKS) {
      session.impair(netem);
      for (const peer of peers.length > 0 ? peers : PEERS) {
        const cells = await measure(session, peer);
        console.log(`| ${netem || 'clean'} | ${peer.name} | ${cells.join(' | ')} |`);
      }
    }
  });
} finally {
  await session.close();
}
