import assert from 'node:assert/strict';
import { SluiceError } from '../../../src/base/errors.ts';
import { runIp } from '../../../src/programs/ip/index.ts';
import { openTun } from '../../../src/stack/devices/tun.ts';
import { tunStreams } from '../../../src/stack/devices/tun-streams.ts';
import type { Host } from '../../../src/stack/host.ts';
import { Net } from './net.ts';

function ip(host: Host, command: string): string {
  const { out, err } = runIp(host, command.split(' '));
  return out + err;
}

describe('stack/devices: VLANs', () => {
  const tagged = (address: string) => ({
    eth0: {},
    'eth0.5': { type: 'vlan id 5', link: 'eth0', addresses: [`10.5.0.${address}/24`, `fd05::${address}/64`] },
    'eth0.5.7': { type: 'vlan id 7', link: 'eth0.5', addresses: [`10.7.0.${address}/24`] },
    'eth0.ad': { type: 'vlan id 5 protocol 802.1ad', link: 'eth0', addresses: [`10.9.0.${address}/24`] },
  });

  it('carry both families under their tag, two tags, and tags of 802.1ad', () => {
    const net = new Net();
    const [a, b] = [net.node(tagged('1')), net.node(tagged('2'))];
    net.cable(a, 'eth0', b, 'eth0');
    assert.equal(net.talk(a, b, '10.5.0.2'), 'eth0.5');
    assert.equal(net.talk(a, b, 'fd05::2'), 'eth0.5');
    assert.equal(net.talk(a, b, '10.7.0.2'), 'eth0.5.7');
    assert.equal(net.talk(a, b, '10.9.0.2'), 'eth0.ad');
    const types = net.frames.map((frame) => frame.split(' ')[1]!.slice(24, 40));
    assert.ok(
      types.some((text) => text.startsWith('810000050800')),
      'one tag',
    );
    assert.ok(
      types.some((text) => text.startsWith('8100000581000007')),
      'two tags',
    );
    assert.ok(
      types.some((text) => text.startsWith('88a800050800')),
      '802.1ad',
    );
  });

  it('are nobody’s where there is no device for the tag', () => {
    const net = new Net();
    const [a, b] = [net.node(tagged('1')), net.node({ eth0: { addresses: ['10.5.0.2/24'] } })];
    net.cable(a, 'eth0', b, 'eth0');
    assert.equal(net.talk(a, b, '10.5.0.2'), '');
    assert.ok(b.host.devices.named('eth0')!.rxDropped > 0);
  });

  it('are made and removed with words of ip link', () => {
    const net = new Net();
    const { host } = net.node({ eth0: {} });
    assert.equal(ip(host, 'link add link eth0 name v type vlan id 9'), '');
    assert.match(
      ip(host, '-d link show v'),
      /^3: v@eth0: <BROADCAST,MULTICAST> mtu 1500 .*\n.*\n {4}vlan protocol 802\.1Q id 9/,
    );
    assert.equal(ip(host, 'link add link eth0 name w type vlan id 9'), 'RTNETLINK answers: File exists\n');
    assert.equal(ip(host, 'link del eth0'), '');
    assert.doesNotMatch(ip(host, 'link'), /v@eth0/);
  });
});

describe('stack/devices: bridges', () => {
  const bridged = (more: Record<string, unknown> = {}) => ({
    br0: { type: 'bridge', addresses: ['10.0.0.254/24'], ...more },
    p1: { master: 'br0' },
    p2: { master: 'br0' },
  });
  const three = (more?: Record<string, unknown>) => {
    const net = new Net();
    const [a, b] = [
      net.node({ eth0: { addresses: ['10.0.0.1/24'] } }),
      net.node({ eth0: { addresses: ['10.0.0.2/24'] } }),
    ];
    const bridge = net.node(bridged(more));
    net.cable(a, 'eth0', bridge, 'p1');
    net.cable(b, 'eth0', bridge, 'p2');
    return { net, a, b, bridge };
  };

  it('join their ports, and the host to them', () => {
    const { net, a, b, bridge } = three();
    assert.equal(net.talk(a, b, '10.0.0.2'), 'eth0');
    assert.equal(net.talk(a, bridge, '10.0.0.254'), 'br0');
    assert.equal(net.talk(bridge, b, '10.0.0.2'), 'eth0');
  });

  it('learn: what is known goes by one port', () => {
    const net = new Net();
    const hosts = ['1', '2', '3'].map((n) => net.node({ eth0: { addresses: [`10.0.0.${n}/24`] } }));
    const bridge = net.node({
      br0: { type: 'bridge' },
      ...Object.fromEntries([1, 2, 3].map((n) => [`p${n}`, { master: 'br0' }])),
    });
    hosts.forEach((host, i) => net.cable(host, 'eth0', bridge, `p${i + 1}`));
    net.talk(hosts[0]!, hosts[1]!, '10.0.0.2');
    net.frames.length = 0;
    assert.equal(net.talk(hosts[0]!, hosts[1]!, '10.0.0.2'), 'eth0');
    assert.equal(net.frames.filter((frame) => frame.startsWith('p3')).length, 0);
  });

  it('have the lowest address of their ports, unless they were given one', () => {
    const { bridge } = three();
    assert.match(ip(bridge.host, 'link show br0'), /link\/ether 02:00:00:00:03:01/);
    assert.match(
      ip(three({ mac: '02:00:00:00:00:99' }).bridge.host, 'link show br0'),
      /link\/ether 02:00:00:00:00:99/,
    );
  });

  it('filter VLANs as a learning switch does', () => {
    const ports = {
      p1: { vlans: [{ vid: 10, pvid: true, untagged: true }] },
      p2: { vlans: [{ vid: 20, pvid: true, untagged: true }] },
    };
    const { net, a, b } = three({ settings: { vlan_filtering: true, ports } });
    assert.equal(net.talk(a, b, '10.0.0.2'), '');
  });

  it('let ports go and come', () => {
    const { net, a, b, bridge } = three();
    ip(bridge.host, 'link set p2 nomaster');
    assert.equal(net.talk(a, b, '10.0.0.2'), '');
    ip(bridge.host, 'link set p2 master br0');
    assert.match(ip(bridge.host, 'link show p2'), /master br0/);
    assert.equal(net.talk(a, b, '10.0.0.2'), 'eth0');
    assert.equal(ip(bridge.host, 'link set lo master br0'), 'RTNETLINK answers: Invalid argument\n');
    assert.equal(ip(bridge.host, 'link set p1 master p2'), 'RTNETLINK answers: Operation not supported\n');
  });
});

describe('stack/devices: bonds', () => {
  const bonded = (mode: string, address: string) => ({
    bond0: { type: `bond mode ${mode}`, addresses: [`10.0.0.${address}/24`] },
    s1: { master: 'bond0' },
    s2: { master: 'bond0' },
  });
  const pair = (mode: string) => {
    const net = new Net();
    const [a, b] = [net.node(bonded(mode, '1')), net.node(bonded(mode, '2'))];
    net.cable(a, 's1', b, 's1');
    net.cable(a, 's2', b, 's2');
    return { net, a, b };
  };
  const leaving = (net: Net) => new Set(net.frames.map((frame) => frame.split(' ')[0]));

  it('of active-backup use one member, and the other when that one is down', () => {
    const { net, a, b } = pair('active-backup');
    assert.equal(net.talk(a, b, '10.0.0.2'), 'bond0');
    assert.deepEqual([...leaving(net)], ['s1']);
    for (const { host } of [a, b]) ip(host, 'link set s1 down');
    net.frames.length = 0;
    assert.equal(net.talk(a, b, '10.0.0.2'), 'bond0');
    assert.deepEqual([...leaving(net)], ['s2']);
  });

  it('of balance-rr use each in turn', () => {
    const { net, a, b } = pair('balance-rr');
    for (let i = 0; i < 4; i++) assert.equal(net.talk(a, b, '10.0.0.2'), 'bond0');
    assert.deepEqual([...leaving(net)].sort(), ['s1', 's2']);
  });

  it('of balance-xor keep a flow on one member', () => {
    const { net, a, b } = pair('balance-xor xmit_hash_policy layer3+4');
    for (let i = 0; i < 8; i++) assert.equal(net.talk(a, b, '10.0.0.2'), 'bond0');
    assert.equal(leaving(net).size, 2, 'and flows on several');
  });

  it('give their members one address, and each its own back', () => {
    const { a } = pair('active-backup');
    const mac = (name: string) => /ether (\S+)/.exec(ip(a.host, `link show ${name}`))![1];
    assert.equal(mac('bond0'), mac('s1'));
    assert.equal(mac('s2'), mac('s1'));
    ip(a.host, 'link set s2 nomaster');
    assert.equal(mac('s2'), '02:00:00:00:01:02');
  });

  it('have no mode but those there are', () => {
    const { host } = new Net().node({ eth0: {} });
    assert.match(ip(host, 'link add b type bond mode 802.3ad'), /argument "802\.3ad" is wrong: invalid mode/);
  });
});

describe('stack/devices: tunnels', () => {
  const TUNNELS: Readonly<Record<string, [type: string, inner: readonly string[]]>> = {
    gre: ['gre', ['10.9.0.', 'fd09::']],
    'gre with a key and a time to live': ['gre key 77 ttl 9', ['10.9.0.', 'fd09::']],
    gretap: ['gretap', ['10.9.0.', 'fd09::']],
    ipip: ['ipip', ['10.9.0.']],
    sit: ['sit', ['fd09::']],
    vxlan: ['vxlan id 42', ['10.9.0.', 'fd09::']],
    'vxlan on a port of its own': ['vxlan id 42 dstport 8472', ['10.9.0.']],
  };
  const make = (type: string, inner: readonly string[], over = '10.0.0.') => {
    const net = new Net();
    const end = (own: number, other: number) =>
      net.node({
        eth0: {
          addresses: ['10.0.0.', 'fd00::'].map((text) => `${text}${own}/${text.includes(':') ? 64 : 24}`),
        },
        t: {
          type: `${type} local ${over}${own} remote ${over}${other}`,
          addresses: inner.map((text) => `${text}${own}/${text.includes(':') ? 64 : 24}`),
        },
      });
    const [a, b] = [end(1, 2), end(2, 1)];
    net.cable(a, 'eth0', b, 'eth0');
    return { net, a, b };
  };

  for (const [name, [type, inner]] of Object.entries(TUNNELS)) {
    it(`${name}: carries packets, small and as large as it takes`, () => {
      const { net, a, b } = make(type, inner);
      for (const text of inner) {
        assert.equal(net.talk(a, b, `${text}2`), 't');
        const { mtu } = a.host.devices.named('t')!;
        assert.equal(net.talk(a, b, `${text}2`, mtu - (text.includes(':') ? 48 : 28)), 't', `mtu ${mtu}`);
      }
      assert.ok(
        net.frames.every((frame) => frame.split(' ')[1]!.length / 2 <= 1514),
        'nothing too long for the link',
      );
    });
  }

  it('go over IPv6, too', () => {
    for (const type of ['vxlan id 7', 'ip6gre', 'ip6gretap']) {
      const { net, a, b } = make(type, ['10.9.0.'], 'fd00::');
      assert.equal(net.talk(a, b, '10.9.0.2'), 't', type);
    }
  });

  it('take only what is theirs: other keys, other networks, other ends', () => {
    for (const [mine, yours] of [
      ['gre key 1', 'gre key 2'],
      ['gre key 1', 'gre'],
      ['vxlan id 1', 'vxlan id 2'],
      ['gre', 'ipip'],
    ] as const) {
      const net = new Net();
      const end = (type: string, own: number, other: number) =>
        net.node({
          eth0: { addresses: [`10.0.0.${own}/24`] },
          t: { type: `${type} local 10.0.0.${own} remote 10.0.0.${other}`, addresses: [`10.9.0.${own}/24`] },
        });
      const [a, b] = [end(mine, 1, 2), end(yours, 2, 1)];
      net.cable(a, 'eth0', b, 'eth0');
      assert.equal(net.talk(a, b, '10.9.0.2'), '', `${mine} to ${yours}`);
    }
  });

  it('that lead into themselves end', () => {
    const net = new Net();
    const a = net.node({
      eth0: { addresses: ['10.0.0.1/24'] },
      t: { type: 'gre local 10.0.0.1 remote 10.9.0.2', addresses: ['10.9.0.1/24'] },
    });
    assert.equal(net.talk(a, net.node({}), '10.9.0.2'), '');
    assert.ok(a.host.devices.named('t')!.txErrors > 0);
  });
});

describe('stack/devices: TUN and TAP', () => {
  it('hand packets over, and take them, as web streams', async () => {
    const net = new Net();
    const a = net.node({ tun0: { type: 'tun', addresses: ['10.3.0.1/24'] } });
    const b = net.node({ tun0: { type: 'tun', addresses: ['10.3.0.2/24'] } });
    const [near, far] = [tunStreams(openTun(a.host, 'tun0')!), tunStreams(openTun(b.host, 'tun0')!)];
    const receiver = b.udp.open({ family: 4, port: 53 });
    a.udp.open({ family: 4 }).send(Uint8Array.of(1, 2, 3), Int32Array.of(0x0a030002, 0, 0, 0), 53);
    const { value } = await near.readable.getReader().read();
    assert.equal(value![0], 0x45, 'a packet of IP');
    await far.writable.getWriter().write(value!);
    assert.deepEqual(receiver.receive()?.bytes, Uint8Array.of(1, 2, 3));
  });

  it('TAP hands frames over', () => {
    const net = new Net();
    const { host } = net.node({ tap0: { type: 'tap', addresses: ['10.3.0.1/24'] } });
    const frames: Uint8Array[] = [];
    const tap = openTun(host, 'tap0')!;
    tap.onPacket = (bytes) => frames.push(bytes);
    const asker = '02000000000a';
    const request = `ffffffffffff${asker}08060001080006040001${asker}0a0300020000000000000a030001`;
    tap.write(Uint8Array.from(Buffer.from(request, 'hex')));
    assert.equal(Buffer.from(frames[0]!).toString('hex').slice(0, 12), asker, 'an answer to ARP');
    assert.match(ip(host, '-d link show tap0'), /tun type tap pi off/);
  });
});

describe('stack/devices: in gateway files', () => {
  it('mistakes are named by their place', () => {
    const mistakes: [Record<string, unknown>, RegExp][] = [
      [{ v: { type: 'vlan id 5', link: 'eth9' } }, /^interfaces\.v: Cannot find device "eth9"/],
      [{ v: { type: 'vlan id 5' } }, /^interfaces\.v: link not specified/],
      [{ v: { type: 'wifi' } }, /^interfaces\.v: Unknown device type/],
      [{ v: { type: 'gre remot 10.0.0.1' } }, /^interfaces\.v: gre: unknown command "remot"/],
      [{ eth0: { master: 'br7' } }, /^interfaces\.eth0\.master: no such interface: "br7"/],
    ];
    for (const [interfaces, message] of mistakes) {
      assert.throws(
        () => new Net().node(interfaces),
        (error: Error) => error instanceof SluiceError && message.test(error.message),
        JSON.stringify(interfaces),
      );
    }
  });
});
