/** `-m mac`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { Hook } from '../../../src/netfilter/hook.ts';
import { dissectEthernet } from '../../../src/wire/dissect.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { ethernet, udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, readRule, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match mac', () => {
  prints([['-m mac ! --mac-source aa:BB:0:11:22:33', '-m mac ! --mac-source aa:bb:00:11:22:33']]);
  refuses([
    ['-m mac --mac-source aa:BB:0:11:22', 'Invalid MAC address specified.'],
    ['-m mac', 'mac: option "--mac-source" must be specified'],
  ]);
  lists([['-m mac ! --mac-source aa:BB:0:11:22:33', 'MAC ! aa:bb:00:11:22:33']]);

  it("compares the frame's source address, and never matches without an Ethernet header", () => {
    const frame = ethernet('02:00:00:00:00:01', '02:00:00:00:01:01', udp(v4, 1, 2, []));
    const pkt = new PacketBuffer(frame);
    dissectEthernet(pkt);
    assert.equal(ask('-m mac --mac-source 02:00:00:00:01:01', pkt), 'matches');
    assert.equal(ask('-m mac ! --mac-source 02:00:00:00:01:01', pkt), 'no');
    assert.equal(ask('-m mac --mac-source 02:00:00:00:00:01', pkt), 'no');
    assert.equal(ask('-m mac ! --mac-source 02:00:00:00:00:01', arrived(udp(v4, 1, 2, []))), 'no');
  });
  it('may not stand where frames have no source yet', () => {
    assert.throws(
      () => readRule('-m mac --mac-source 1:2:3:4:5:6', { hook: Hook.OUTPUT }),
      /Invalid argument|only valid|OUTPUT/,
    );
  });
});
