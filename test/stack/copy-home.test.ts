import assert from 'node:assert/strict';
import { parseAddress } from '../../src/stack/address.ts';
import { Net, type Node } from './devices/net.ts';

const PORT = 7777;
const GROUP_4 = '239.1.2.3';
const GROUP_6 = 'ff05::99';

interface Rig {
  readonly net: Net;
  readonly node: Node;
}

function rig(): Rig {
  const net = new Net();
  const node = net.node(
    { e0: { addresses: ['192.0.2.1/24', '2001:db8::1/64'] } },
    { routes: [{ to: 'default', via: '192.0.2.254' }] },
  );
  net.cable(node, 'e0', net.node({ e0: { addresses: ['192.0.2.2/24'] } }), 'e0');
  return { net, node };
}

/** Sends a datagram to all of them; the interface that the sender itself got it by, or nothing. */
function heardBySelf(
  { net, node }: Rig,
  to: string,
  how = { joins: false, loops: true },
): string | undefined {
  const { family, words } = parseAddress(to)!;
  const listener = node.udp.open({ family, port: PORT });
  if (how.joins) listener.join(words, node.host.devices.named('e0')!.index);
  const sender = node.udp.open({ family });
  sender.mayBroadcast = true;
  sender.multicastLoop = how.loops;
  net.frames.length = 0;
  sender.send(Uint8Array.of(1, 2, 3), words, PORT);
  net.pass(1);
  const got = listener.receive();
  listener.close();
  sender.close();
  return got === undefined ? undefined : node.host.interfaceName(got.device);
}

/** Destination MAC addresses of the datagrams sent last. */
const sentTo = ({ net }: Rig): string[] =>
  net.frames.filter((frame) => frame.endsWith('010203')).map((frame) => frame.split(' ')[1]!.slice(0, 12));

describe('stack: what is sent to many', () => {
  for (const to of ['255.255.255.255', '192.0.2.255']) {
    it(`${to} comes to the sender, too, by the interface that it left by, and once`, () => {
      const here = rig();
      assert.equal(heardBySelf(here, to), 'e0');
      assert.deepEqual(sentTo(here), ['ffffffffffff']);
    });
  }

  it('comes to the sender where it is in the group, and its socket does not turn that off', () => {
    const here = rig();
    for (const group of [GROUP_4, GROUP_6]) {
      assert.equal(heardBySelf(here, group), undefined, `${group}, not joined`);
      assert.equal(heardBySelf(here, group, { joins: true, loops: true }), 'e0', `${group}, joined`);
      assert.equal(heardBySelf(here, group, { joins: true, loops: false }), undefined, `${group}, no loop`);
    }
  });

  it('goes to the group, not to the gateway of the default route', () => {
    const here = rig();
    heardBySelf(here, GROUP_4);
    assert.deepEqual(sentTo(here), ['01005e010203']);
  });
});
