import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CaptureReader, MemorySink, MemorySource } from '../../../src/capture/index.ts';
import { PcapngReport } from '../../../src/replay/report/pcapng-out.ts';
import { requireOrSkip } from '../../support/require.ts';
import { DNS, HOSTILE, outcome, START_US, SYN } from './outcomes.ts';

function written(): Uint8Array {
  const sink = new MemorySink();
  const report = new PcapngReport(sink, 'sluice 1.2.3');
  report.packet(outcome({ n: 1, out: [{ iface: 'eth1', frame: SYN }], notes: ['checksum filled in'] }));
  report.packet(
    outcome({
      n: 2,
      frame: DNS,
      verdict: 'DROP',
      reason: 'rule filter:FORWARD:3',
      reasonCode: 'RULE',
      out: [{ iface: 'eth0', frame: SYN }],
      log: [HOSTILE],
    }),
  );
  report.packet(
    outcome({ n: 3, verdict: 'STOLEN', reasonCode: 'FRAGMENT_QUEUED', reason: 'waits', rule: null, out: [] }),
  );
  report.packet(outcome({ n: 4, in: '', verdict: 'QUEUE', out: [] }));
  report.timer({ timeUs: START_US + 5000, out: [{ iface: 'eth1', frame: DNS }], log: [] });
  report.close();
  return sink.bytes();
}

describe('-o: a capture of what came in and went out', () => {
  it('holds every frame on its interface, in order, with what decided as a comment', () => {
    const reader = CaptureReader.from(new MemorySource(written(), 'out.pcapng'));
    const seen: string[] = [];
    while (reader.next()) {
      const { record } = reader;
      const bytes = record.bytes.subarray(record.start, record.end);
      const what = Buffer.compare(bytes, SYN) === 0 ? 'SYN' : 'DNS';
      seen.push(
        `${reader.interfaces[record.interfaceId]!.name} ${record.direction} ${what} ${record.comment?.replaceAll('\n', ' | ')}`,
      );
    }
    assert.deepEqual(seen, [
      'eth0 1 SYN ACCEPT: filter:FORWARD:3 firewall.rules:41 | checksum filled in',
      'eth1 2 SYN packet 1, passed on',
      'eth0 1 DNS DROP: filter:FORWARD:3 firewall.rules:41 | \\x1b[31m\\x1b[2J"\\\\n\\x9b0m\\u202e\\u2028\\ud800',
      'eth0 2 SYN caused by packet 2',
      'eth0 1 SYN STOLEN: waits',
      'local 2 SYN QUEUE: filter:FORWARD:3 firewall.rules:41',
      'eth1 2 DNS sent by a timer',
    ]);
  });

  it('shows verdicts, comments and packet numbers in tshark', function () {
    requireOrSkip(this, 'tshark is not installed', spawnSync('tshark', ['--version']).status === 0);
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), 'sluice-pcapng-'));
    try {
      const file = join(folder, 'out.pcapng');
      writeFileSync(file, written());
      const fields = ['frame.interface_name', 'frame.packet_id', 'frame.verdict.ebpf_tc', 'frame.comment'];
      const lines = execFileSync(
        'tshark',
        ['-r', file, '-T', 'fields', '-E', 'separator=;', ...fields.flatMap((field) => ['-e', field])],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      ).split('\n');
      assert.match(lines[0]!, /^eth0;(1|0x0*1);0;ACCEPT: filter:FORWARD:3 firewall\.rules:41/);
      assert.match(lines[1]!, /^eth1;(1|0x0*1);;packet 1, passed on/);
      assert.match(lines[2]!, /^eth0;(2|0x0*2);2;DROP: filter:FORWARD:3 firewall\.rules:41/);
      assert.match(lines[4]!, /^eth0;(3|0x0*3);4;STOLEN: waits/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
