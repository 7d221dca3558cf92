/** On captures of real programs, the connections that came through pinholes are those that tshark finds data in. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { helperRules } from '../../../src/alg/index.ts';
import { runReplay } from '../../../src/replay/replay.ts';
import { hasProgram, requireOrSkip } from '../../support/require.ts';

const PCAPS = join(import.meta.dirname, '../../../pcaps');

/** Both ends of each connection, the smaller first, each pair once. */
function pairs(ends: readonly (readonly [string, string])[]): string[] {
  return [...new Set(ends.map((both) => [...both].sort().join(' – ')))].sort();
}

function throughPinholes(capture: string): string[] {
  const { flows } = runReplay(
    {
      rules: { text: helperRules(4), file: 'rules' },
      rules6: { text: helperRules(6), file: 'rules6' },
      inputs: [{ iface: null, path: join(PCAPS, capture) }],
    },
    { flows: true },
  );
  const used = flows.flatMap(({ events }) => events.filter(({ kind }) => kind === 'used'));
  return pairs(used.map(({ text }) => text.replaceAll(/[[\]]/g, '').split(' → ') as [string, string]));
}

/** Packets that tshark takes for this protocol's data. */
function inTshark(capture: string, transport: 'tcp' | 'udp', filter: string): string[] {
  const fields = ['ip.src', 'ipv6.src', `${transport}.srcport`, 'ip.dst', 'ipv6.dst', `${transport}.dstport`];
  const words = [
    '-r',
    join(PCAPS, capture),
    '-Y',
    filter,
    '-T',
    'fields',
    ...fields.flatMap((one) => ['-e', one]),
  ];
  const lines = spawnSync('tshark', words, { encoding: 'utf8' }).stdout.trimEnd().split('\n');
  return pairs(
    lines.map((line) => {
      const [src, src6, sport, dst, dst6, dport] = line.split('\t');
      return [`${src || src6}:${sport}`, `${dst || dst6}:${dport}`];
    }),
  );
}

describe('data connections, as other analysers find them', () => {
  before(function () {
    requireOrSkip(this, 'needs tshark', hasProgram('tshark'));
  });

  for (const capture of ['ftp-port', 'ftp-pasv', 'ftp-eprt', 'ftp-epsv', 'ftp-eprt-ipv6', 'ftp-epsv-ipv6']) {
    it(`${capture}.pcap: those of FTP`, () => {
      const found = throughPinholes(`${capture}.pcap`);
      assert.equal(found.length, 3);
      assert.deepEqual(found, inTshark(`${capture}.pcap`, 'tcp', 'ftp-data'));
    });
  }

  it('tftp.pcap: those of TFTP', () => {
    const found = throughPinholes('tftp.pcap');
    assert.equal(found.length, 3);
    assert.deepEqual(found, inTshark('tftp.pcap', 'udp', 'tftp && udp.port != 69'));
  });

  for (const capture of ['sip-rtp.pcap', 'sip-rtp-ipv6.pcap']) {
    it(`${capture}: the media of a call`, () => {
      assert.deepEqual(throughPinholes(capture), inTshark(capture, 'udp', 'rtp'));
    });
  }
});
