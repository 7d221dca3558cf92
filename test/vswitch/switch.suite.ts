/** What every model of switch has to do, whatever it knows. The stations 1 to 3 are attached to p1 to p3. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bytesToHex, hexToBytes } from '../../src/wire/bytes.ts';
import { BROADCAST, frame, Rig, station, tag } from './rig.ts';

export interface Candidate {
  readonly name: string;
  /** Settings of a switch with the guest ports p1, p2 and p3 (of MTU 1500) for stations 1, 2 and 3. */
  readonly settings: unknown;
  /** Ports besides those. */
  readonly others: readonly string[];
}

export function describeSwitch({ name, settings, others }: Candidate): void {
  describe(`${name}: what every switch does`, () => {
    let rig: Rig;

    beforeEach(() => {
      rig = new Rig(settings);
      // Everybody has spoken once.
      for (const n of [1, 2, 3]) rig.send(`p${n}`, frame(BROADCAST, station(n)));
    });

    it('sends a broadcast to every other port, once, and not back', () => {
      const ports = rig.send('p1', frame(BROADCAST, station(1)));
      assert.deepEqual(ports.sort(), ['p2', 'p3', ...others].sort());
      assert.equal(rig.reason, 'NONE');
    });

    it('delivers to a known station', () => {
      assert.ok(rig.send('p1', frame(station(2), station(1))).includes('p2'));
    });

    it('gives the bytes of a frame back as they were', () => {
      for (const tags of ['', tag(0, 5), tag(10), tag(10) + tag(20)])
        rig.send('p1', frame(BROADCAST, station(1), tags));
    });

    it('drops frames of 0 to 13 bytes (L2-6)', () => {
      const whole = frame(BROADCAST, station(1));
      for (let length = 0; length < 14; length++) {
        assert.deepEqual(rig.send('p1', whole.slice(0, 2 * length)), []);
        assert.equal(rig.reason, 'FRAME_TOO_SHORT');
      }
    });

    it('drops frames longer than its ports take (L2-6)', () => {
      const longest = `${BROADCAST}${station(1)}88b5${'00'.repeat(1500)}`;
      assert.notDeepEqual(rig.send('p1', longest), []);
      assert.deepEqual(rig.send('p1', `${longest}0000000000`), []);
      assert.equal(rig.reason, 'FRAME_TOO_LONG');
    });

    it('takes an 802.3 length beyond the data, and fifty tags, for what they are: data (L2-6)', () => {
      assert.ok(rig.send('p1', `${BROADCAST}${station(1)}05dc${'00'.repeat(10)}`).includes('p2'));
      const nested = frame(BROADCAST, station(1), tag(0).repeat(50));
      assert.ok(rig.sendWhole('p1', nested).length <= 2 + others.length);
    });

    it('neither takes frames from a port whose link is down nor sends any to it', () => {
      rig.setLink('p2', false);
      assert.ok(!rig.send('p1', frame(BROADCAST, station(1))).some((line) => line.startsWith('p2')));
      assert.deepEqual(rig.send('p2', frame(BROADCAST, station(2))), []);
      assert.equal(rig.reason, 'INTERFACE_DOWN');
      rig.setLink('p2', true);
      assert.ok(rig.send('p1', frame(BROADCAST, station(1))).includes('p2'));
    });

    it('stays bounded under a hundred thousand sources, and still delivers to the known (L2-1)', () => {
      rig.flood('p1', 100_000);
      assert.ok(rig.switch.table().length <= 262_144 + 10);
      assert.ok(rig.send('p3', frame(station(2), station(3))).includes('p2'));
    });

    it('does the same again for the same frames and seed, whatever bytes come, and never throws', () => {
      const frames = fc.array(
        fc.tuple(
          fc.integer({ min: 0, max: 2 }),
          fc.oneof(
            fc.uint8Array({ maxLength: 80 }),
            fc.uint8Array({ minLength: 4, maxLength: 60 }).map((rest) => {
              const head = hexToBytes(frame(BROADCAST, station(1), tag(rest[0]! & 15)));
              head.set(rest.subarray(0, Math.min(rest.length, head.length - 6)), 6 + (rest[1]! & 7));
              return head;
            }),
          ),
        ),
        { maxLength: 20 },
      );
      fc.assert(
        fc.property(frames, (input) => {
          const run = () => {
            const fresh = new Rig(settings);
            return input.map(([n, bytes]) => fresh.sendWhole(`p${n + 1}`, bytesToHex(bytes)));
          };
          assert.deepEqual(run(), run());
        }),
        { numRuns: 150, seed: 7 },
      );
    });
  });
}
