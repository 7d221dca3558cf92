/** `-m pkttype`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { PacketType } from '../../../src/wire/packet-buffer.ts';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match pkttype', () => {
  prints([
    ['-m pkttype ! --pkt-type host', '-m pkttype ! --pkt-type unicast'],
    ['-m pkttype --pkt-type BCAST', '-m pkttype --pkt-type broadcast'],
  ]);
  refuses([['-m pkttype --pkt-type outgoing', "Bad packet type 'outgoing'"]]);
  lists([
    ['-m pkttype ! --pkt-type host', 'PKTTYPE != unicast'],
    ['-m pkttype --pkt-type BCAST', 'PKTTYPE = broadcast'],
  ]);

  it('tells frames by whom they are for, and looped-back ones by their destination', () => {
    const of = (packetType: number, to = '198.51.100.7') =>
      ['unicast', 'broadcast', 'multicast', 'otherhost'].filter(
        (type) =>
          ask(`-m pkttype --pkt-type ${type}`, arrived(udp({ ...v4, to }, 1, 2, []), { packetType })) ===
          'matches',
      );
    assert.deepEqual(of(PacketType.HOST), ['unicast']);
    assert.deepEqual(of(PacketType.OTHERHOST), ['otherhost']);
    assert.deepEqual(of(PacketType.LOOPBACK), ['broadcast']);
    assert.deepEqual(of(PacketType.LOOPBACK, '224.0.0.5'), ['multicast']);
    assert.deepEqual(of(PacketType.OUTGOING), []);
  });
});
