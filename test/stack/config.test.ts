import assert from 'node:assert/strict';
import { SluiceError } from '../../src/base/errors.ts';
import { parseHostConfig } from '../../src/stack/config.ts';
import { makeRig } from './run.ts';
import { GATEWAY } from './scenarios/index.ts';

describe('stack/config: mistakes in a gateway file are named by their path', () => {
  const mistakes: [string, unknown, RegExp][] = [
    [
      'an MTU that is no number',
      { interfaces: { eth0: { mtu: 'big' } } },
      /^interfaces\.eth0\.mtu: must be a whole number/,
    ],
    ['an MTU below 68', { interfaces: { eth0: { mtu: 67 } } }, /^interfaces\.eth0\.mtu: /],
    [
      'a MAC address cut short',
      { interfaces: { eth0: { mac: '02:00:00' } } },
      /^interfaces\.eth0\.mac: not a MAC address/,
    ],
    [
      'a group MAC address',
      { interfaces: { eth0: { mac: '03:00:00:00:00:01' } } },
      /^interfaces\.eth0\.mac: a group address/,
    ],
    [
      'an address with a prefix of 33',
      { interfaces: { eth0: { addresses: ['10.0.0.1/33'] } } },
      /^interfaces\.eth0\.addresses\[0\]: /,
    ],
    [
      'an address in short form',
      { interfaces: { eth0: { addresses: ['10.1/8'] } } },
      /^interfaces\.eth0\.addresses\[0\]: /,
    ],
    ['a name of 16 characters', { interfaces: { abcdefghijklmnop: {} } }, /^interfaces\.abcdefghijklmnop: /],
    [
      'an unknown key',
      { interfaces: { eth0: { adresses: [] } } },
      /^interfaces\.eth0\.adresses: unknown key/,
    ],
    [
      'a neighbour on no interface',
      { neighbours: [{ dev: 'eth7', ip: '10.0.0.2', mac: '02:00:00:00:00:09' }] },
      /^neighbours\[0\]\.dev: no such interface/,
    ],
    ['a route without a way', { routes: [{ to: '10.0.0.0/8' }] }, /^routes\[0\]: a route needs/],
    [
      'a route of two families',
      { interfaces: { e: {} }, routes: [{ to: '10.0.0.0/8', via: 'fd00::1', dev: 'e' }] },
      /^routes\[0\]: the addresses/,
    ],
    ['an unknown route type', { routes: [{ to: 'default', type: 'nowhere' }] }, /^routes\[0\]\.type: /],
    [
      'a sysctl that is no number',
      { sysctl: { 'net.ipv4.ip_forward': 'yes' } },
      /^sysctl\.net\.ipv4\.ip_forward: /,
    ],
  ];
  for (const [name, value, message] of mistakes) {
    it(name, () => {
      assert.throws(
        () => parseHostConfig(value),
        (error: unknown) => {
          assert.ok(error instanceof SluiceError);
          assert.equal(error.code, 'GATEWAY');
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it('an unknown sysctl is refused by name when the host is made', () => {
    assert.throws(() => makeRig({ sysctl: { 'net.ipv4.no_such': 1 } }), /sysctl\.net\.ipv4\.no_such/);
  });
});

describe('stack/config: what addresses bring with them', () => {
  const { host } = makeRig(GATEWAY);
  const eth0 = host.devices.named('eth0')!;

  it('the link-local address is made from the MAC address', () => {
    const words = host.addresses.of(eth0, 6)[0]!.words;
    assert.deepEqual(
      [...words].map((w) => w >>> 0),
      [0xfe800000, 0, 0x000000ff, 0xfe000001],
    );
  });

  it('a second address of the same network is secondary and never chosen as source', () => {
    const rig = makeRig({ interfaces: { e: { addresses: ['10.0.0.9/24', '10.0.0.1/24', '10.1.0.1/24'] } } });
    const all = rig.host.addresses.of(rig.host.devices.named('e')!, 4);
    assert.deepEqual(
      all.map(({ secondary }) => secondary),
      [false, true, false],
    );
    assert.equal(rig.host.routes4.lookup(0x0a000005, 0, 0, 0)!.source4, 0x0a000009);
  });

  it('the last address of a network is its broadcast address, the first one is not', () => {
    assert.equal(host.addressType(4, 0x0afe00ff, 0, 0, 0, 0), 3);
    assert.equal(host.addressType(4, 0x0afe0000, 0, 0, 0, 0), 1);
    assert.equal(host.addressType(4, 0x0afe0001, 0, 0, 0, 0), 2);
  });

  it('an address is local to its own interface only when an interface is named', () => {
    assert.equal(host.addressType(4, 0x0afe0001, 0, 0, 0, eth0.index), 2);
    assert.equal(host.addressType(4, 0x0afe0001, 0, 0, 0, eth0.index + 1), 1);
  });

  it('default without a next hop is a route of both families', () => {
    const config = parseHostConfig({ interfaces: { e: {} }, routes: [{ to: 'default', dev: 'e' }] });
    assert.deepEqual(
      config.routes.map(({ family }) => family),
      [4, 6],
    );
  });
});
