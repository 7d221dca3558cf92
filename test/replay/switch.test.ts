import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfigFile } from '../../src/base/config-file.ts';
import type { SluiceError } from '../../src/base/errors.ts';
import { FileSink } from '../../src/capture/files.ts';
import { PcapWriter } from '../../src/capture/pcap-writer.ts';
import type { PacketOutcome } from '../../src/replay/outcome.ts';
import { runReplay } from '../../src/replay/replay.ts';
import { bytesToHex, hexToBytes } from '../../src/wire/bytes.ts';
import { BROADCAST, frame, station } from '../vswitch/rig.ts';

const START_US = 1_700_000_000_000_000;
const EXAMPLE = 'examples/switch/switch.yaml';

describe('a replay through a switch', () => {
  let folder: string;

  before(() => (folder = mkdtempSync(join(tmpdir(), 'sluice-switch-'))));
  after(() => rmSync(folder, { recursive: true }));

  /** Frames a second apart, beginning at a second of one's own. */
  function capture(name: string, first: number, ...frames: string[]): string {
    const path = join(folder, name);
    const writer = new PcapWriter(FileSink.create(path));
    frames.forEach((hex, i) => {
      const bytes = hexToBytes(hex);
      writer.write(START_US + (first + i) * 1e6, bytes, 0, bytes.length, bytes.length);
    });
    writer.close();
    return path;
  }

  function replay(inputs: Record<string, string>, text = readFileSync(EXAMPLE, 'utf8')) {
    const outcomes: PacketOutcome[] = [];
    const summary = runReplay(
      {
        gateway: parseConfigFile({ text, file: 'switch.yaml' }),
        inputs: Object.entries(inputs).map(([iface, path]) => ({ iface, path })),
      },
      { packet: (outcome) => outcomes.push(outcome) },
    );
    return { outcomes, summary };
  }

  it('takes frames in by ports, and names the ports that they leave by', () => {
    const question = frame(BROADCAST, station(1));
    const answer = frame(station(1), station(2));
    const { outcomes, summary } = replay({
      p1: capture('a.pcap', 0, question, frame(station(2), station(1)), frame(station(2), '01005e000001')),
      p2: capture('b.pcap', 0.5, answer),
    });
    assert.deepEqual(
      outcomes.map(({ n, in: port, verdict, reasonCode, out }) => [
        n,
        port,
        verdict,
        reasonCode,
        out.map(({ iface }) => iface),
      ]),
      [
        [1, 'p1', 'ACCEPT', 'FLOODED', ['p3', 'p2']],
        [2, 'p2', 'ACCEPT', 'FORWARDED', ['p1']],
        [3, 'p1', 'ACCEPT', 'FORWARDED', ['p2']],
        [4, 'p1', 'DROP', 'SWITCH_SOURCE', []],
      ],
    );
    assert.equal(bytesToHex(outcomes[1]!.out[0]!.frame), answer);
    assert.deepEqual(summary.verdicts, { ACCEPT: 3, DROP: 1, STOLEN: 0, QUEUE: 0 });
    assert.deepEqual(
      summary.addresses!.map(({ mac, port }) => `${mac} ${port}`),
      ['02:00:00:00:00:01 p1', '02:00:00:00:00:02 p2'],
    );
    assert.deepEqual(summary.interfaces[1], {
      name: 'p2',
      received: 1,
      receivedBytes: 60,
      sent: 2,
      sentBytes: 120,
    });
  });

  it('forgets in the time of the capture', () => {
    const { outcomes } = replay({
      p1: capture('old.pcap', 0, frame(BROADCAST, station(1))),
      p2: capture('late.pcap', 301, frame(station(1), station(2))),
    });
    assert.equal(outcomes[1]!.reasonCode, 'FLOODED');
  });

  it('names the ports that there are where one is not, and refuses rules and captures without Ethernet', () => {
    const path = capture('c.pcap', 0, frame(BROADCAST, station(1)));
    assert.throws(() => replay({ p4: path }), /no port "p4" \(did you mean "p1"\?\); it has p1, p2, p3/);
    assert.throws(() => replay({ p1: 'pcaps/any-cooked-v1.pcap' }), /a switch takes Ethernet frames/);
    const gateway = parseConfigFile({ text: readFileSync(EXAMPLE, 'utf8'), file: EXAMPLE });
    const rules = { text: '', file: 'r' };
    assert.throws(() => runReplay({ gateway, rules, inputs: [{ iface: 'p1', path }] }), /has no rules/);
    assert.throws(() => runReplay({ gateway, inputs: [{ iface: null, path }] }), /--in PORT=CAPTURE/);
  });

  it('says the line of a mistake in the switch', () => {
    const text = 'switch:\n  model: learning\n  ports:\n    p1: { isolatd: true }\n';
    const file = parseConfigFile({ text, file: 'switch.yaml' });
    try {
      runReplay({ gateway: file, inputs: [{ iface: 'p1', path: 'pcaps/dns.pcap' }] });
      assert.fail('not refused');
    } catch (error) {
      const { message, place } = file.locate(error) as SluiceError;
      assert.match(message, /^switch\.ports\.p1\.isolatd: unknown key \(did you mean "isolated"\?\)/);
      assert.deepEqual(place, { file: 'switch.yaml', line: 4 });
    }
  });
});
