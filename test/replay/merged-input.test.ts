/** Several captures as one: order, ties, time that runs backwards, and what a cut capture leaves. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { MergedInput } from '../../src/replay/merged-input.ts';
import { ethernet, udp } from '../../src/conform/frames.ts';
import { Captures, FIRST_TIME, pcap, replay, type Frame } from './support.ts';

/** A frame that can be told from others by its payload. */
const frame = (id: number): Uint8Array =>
  ethernet('02:00:00:00:00:01', '02:00:00:00:00:02', udp({ from: '10.0.0.1', to: '10.0.0.2' }, 1, 2, [id]));

const idOf = (bytes: Uint8Array, end: number): number => bytes[end - 1]!;

describe('replay: captures merged', () => {
  const captures = new Captures();
  after(() => captures.remove());

  function read(...files: Frame[][]): { id: number; at: number; index: number }[] {
    const input = new MergedInput(
      files.map((frames, i) => ({ iface: `eth${i}`, path: captures.of(frames) })),
    );
    const seen: { id: number; at: number; index: number }[] = [];
    while (input.next()) {
      const { record, timeUs, index } = input;
      seen.push({ id: idOf(record.bytes, record.end), at: Math.round(timeUs / 1e6 - FIRST_TIME), index });
    }
    input.close();
    return seen;
  }
  const at = (seconds: number, id: number): Frame => ({ at: seconds, frame: frame(id) });

  it('records come by time, over all inputs', () => {
    const seen = read([at(1, 1), at(4, 4)], [at(2, 2), at(3, 3)], [at(0, 0), at(5, 5)]);
    assert.deepEqual(
      seen.map(({ id }) => id),
      [0, 1, 2, 3, 4, 5],
    );
    assert.deepEqual(
      seen.map(({ index }) => index),
      [2, 0, 1, 1, 0, 2],
    );
  });

  it('at the same time the input that was named first goes first, and keeps its order', () => {
    const seen = read([at(1, 1), at(1, 2)], [at(1, 3)], [at(1, 4)]);
    assert.deepEqual(
      seen.map(({ id }) => id),
      [1, 2, 3, 4],
    );
  });

  it('where time stamps run backwards the order of the file stands, and time does not run back', () => {
    const seen = read([at(1, 1), at(9, 2), at(3, 3), at(10, 4)], [at(5, 5)]);
    assert.deepEqual(
      seen.map(({ id }) => id),
      [1, 5, 2, 3, 4],
    );
    assert.deepEqual(
      seen.map((one) => one.at),
      [1, 5, 9, 9, 10],
    );
  });

  it("the clock of a replay never runs back either: a connection's time left only shrinks", () => {
    const capture = captures.of([at(10, 1), at(0, 2), at(20, 3)]);
    const { packets } = replay({
      rules: '*filter\n-A FORWARD -m conntrack --ctstate NEW\nCOMMIT\n',
      capture,
      inside: ['10.0.0.1'],
    });
    const times = packets.map(({ timeUs }) => timeUs / 1e6 - FIRST_TIME);
    assert.deepEqual(times, [10, 10, 20]);
  });

  it('an empty capture is no mistake', () => {
    const { packets, summary } = replay({ rules: '*filter\nCOMMIT\n', capture: captures.of([]) });
    assert.equal(packets.length, 0);
    assert.equal(summary.firstTimeUs, null);
  });

  it('a capture cut short is replayed up to the cut, which the summary tells with its offset', () => {
    const whole = readFileSync(pcap('http.pcap'));
    const path = captures.file(whole.subarray(0, whole.length - 10));
    const { packets, summary } = replay({ rules: '*filter\nCOMMIT\n', capture: path });
    assert.equal(packets.length, 41);
    assert.equal(summary.frames, 41);
    assert.equal(summary.truncated.length, 1);
    assert.match(summary.truncated[0]!.describe(), /\d+/);
  });

  it('a record that claims to be longer than the file, or than any packet, costs no memory (attacks S-5)', () => {
    const whole = new Uint8Array(readFileSync(pcap('http.pcap')));
    const view = new DataView(whole.buffer);
    view.setUint32(24 + 12, 0xffffffff, true); // original length of the first record
    const lying = replay({ rules: '*filter\nCOMMIT\n', capture: captures.file(whole) });
    assert.equal(lying.packets.length, 42);
    view.setUint32(24 + 8, 0xffffffff, true); // its captured length
    assert.throws(() => replay({ rules: '*filter\nCOMMIT\n', capture: captures.file(whole) }), /\d/);
  });
});
