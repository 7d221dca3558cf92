/** Capture filters beside tcpdump's: of every capture in pcaps/, the same frames are taken. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileSink, LinkType, openCapture, PcapWriter } from '../../../src/capture/index.ts';
import { compileFilter } from '../../../src/programs/tcpdump/expression.ts';
import { FilterMistake } from '../../../src/programs/tcpdump/lexer.ts';
import { hasProgram, requireOrSkip } from '../../support/require.ts';

const FILTERS = [
  ...['ip', 'ip6', 'arp', 'tcp', 'udp', 'icmp', 'icmp6', 'igmp', 'sctp', 'esp', 'not ip', 'ip or arp'],
  ...['host 10.254.0.2', 'src host 10.254.0.2', 'dst 10.254.0.2', 'src or dst host 10.254.0.2'],
  ...[
    'src and dst host 10.254.0.2',
    'ip host 10.254.0.2',
    'arp host 10.254.0.2',
    'net 10.254.0.0/24',
    'src net 10',
  ],
  ...['net 10.253', 'dst net 10.254.0.0 mask 255.255.255.0', 'host 10.254.0.2 or 10.253.0.2'],
  ...['ip6 net fe80::/10', 'net fd00::/8', 'host fe80::1', 'ip6 and not udp'],
  ...[
    'port 53',
    'tcp port 80',
    'udp port 53',
    'src port 80',
    'dst port 80',
    'port http',
    'port 80 or 53 or 5060',
  ],
  ...[
    'portrange 1-1023',
    'src portrange 1024-65535',
    'tcp dst port 21',
    'udp portrange 16384-32767',
    'not port 53',
  ],
  ...[
    'tcp port 80 and host 10.254.0.2',
    'tcp and (port 80 or port 21)',
    'tcp or udp and port 53',
    'not (tcp or udp)',
  ],
  ...[
    'tcp[tcpflags] & tcp-syn != 0',
    'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0',
    'tcp[13] = 2',
    'tcp[13] == 18',
  ],
  ...['tcp[tcpflags] == tcp-syn', 'not tcp[tcpflags] & tcp-ack != 0', 'tcp[2:2] = 80', 'tcp[0:2] > 1023'],
  ...[
    'ip[8] < 64',
    'ip[0] & 0xf != 5',
    'ip[6:2] & 0x4000 != 0',
    'ip[2:2] - 20 > 100',
    'ether[0] & 1 = 1',
    'ether[12:2] = 0x0800',
  ],
  ...[
    'icmp[icmptype] = icmp-echo',
    'icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply',
    'icmp[0] = 3',
  ],
  ...[
    'icmp6[icmp6type] = icmp6-neighborsolicit',
    'udp[4:2] > 100',
    'udp[8] = 0x80',
    'tcp[(tcp[12] >> 4) * 4:4] = 0x47455420',
  ],
  ...[
    'tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x48545450',
    'len > 100',
    'len <= 60',
    'less 100',
    'greater 1000',
    'len = 60 or len = 74',
  ],
  ...[
    'ip proto 17',
    'ip6 proto 58',
    'proto 6',
    'proto \\udp',
    'ip proto \\tcp',
    'ether proto 0x0806',
    'ether proto \\ip',
  ],
  ...[
    'broadcast',
    'multicast',
    'ether multicast',
    'ip multicast',
    'ip6 multicast',
    'not broadcast and not multicast',
  ],
  ...[
    'vlan',
    'vlan 5',
    'vlan and ip',
    'vlan and tcp port 80',
    'ether host 02:00:00:00:00:01',
    'ether src 02:00:00:00:01:01',
  ],
  ...['! arp', 'ip && tcp', 'tcp || udp', '(((tcp)))', 'not not tcp', 'tcp src port 80 or dst port 80'],
  ...['5 + 5 = 10', '(1|2) = 3', 'ip[9] * 2 = 12', 'len % 2 = 0', '1 << 4 = 16', 'port 99'],
];

/** What both have to refuse. */
const MISTAKES = [
  ...[
    'and',
    'tcp and',
    '(tcp',
    'tcp)',
    'host',
    'port',
    'port 70000',
    'port nonesuch',
    'net 10.0.0.1/8',
    'ip host fe80::1',
  ],
  ...[
    'tcp[13',
    'tcp[0:3] = 1',
    'tcp host 10.0.0.1',
    'len >',
    'proto nonesuch',
    '10.0.0.0/33',
    'ip port 80',
    '&',
    'tcp[tcpflags]',
  ],
];

const CAPTURES = readdirSync('pcaps').filter((name) => /\.pcap(ng)?$/.test(name));

describe('capture filters beside tcpdump', function () {
  this.timeout(300_000);
  before(function () {
    requireOrSkip(this, 'needs tcpdump', hasProgram('tcpdump'));
  });

  it(`take the same frames of ${CAPTURES.length} captures by ${FILTERS.length} filters`, () => {
    // One capture with the frames of all, so that tcpdump is asked once a filter.
    const folder = mkdtempSync(join(tmpdir(), 'sluice-tcpdump-'));
    try {
      const frames = CAPTURES.flatMap((name) => framesOf(`pcaps/${name}`));
      const path = join(folder, 'all.pcap');
      const writer = new PcapWriter(FileSink.create(path));
      for (const bytes of frames) writer.write(0, bytes, 0, bytes.length, bytes.length);
      writer.close();
      for (const filter of FILTERS) {
        const test = compileFilter(filter);
        const taken = frames.filter((bytes) =>
          test({ bytes, start: 0, end: bytes.length, length: bytes.length, hasEthernet: true, isOut: false }),
        );
        assert.equal(taken.length, countOf(path, filter), filter);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const filter of MISTAKES) {
    it(`refuse "${filter}" as tcpdump does`, () => {
      assert.notEqual(spawnSync('tcpdump', ['-d', '-y', 'EN10MB', filter], { encoding: 'utf8' }).status, 0);
      assert.throws(() => compileFilter(filter), FilterMistake);
    });
  }
});

/** Those of Ethernet. */
function framesOf(path: string): Uint8Array[] {
  const reader = openCapture(path);
  const frames: Uint8Array[] = [];
  try {
    while (reader.next()) {
      const { record } = reader;
      if (record.linkType === LinkType.Ethernet) frames.push(record.bytes.slice(record.start, record.end));
    }
  } finally {
    reader.close();
  }
  return frames;
}

function countOf(path: string, filter: string): number {
  const { stdout, stderr } = spawnSync('tcpdump', ['-n', '--count', '-r', path, filter], {
    encoding: 'utf8',
  });
  const match = /^(\d+) packets?/m.exec(stdout + stderr);
  return match === null ? -1 : Number(match[1]);
}
