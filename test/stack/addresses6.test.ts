import assert from 'node:assert/strict';
import { runIp } from '../../src/programs/ip/index.ts';
import { RouterAdvertiser } from '../../src/vmm/services/router-advertiser.ts';
import { parseAddress } from '../../src/stack/address.ts';
import { Net, type Node } from './devices/net.ts';

const HOST = { 'net.ipv4.ip_forward': 0, 'net.ipv6.conf.all.forwarding': 0 };

function ip(node: Node, command: string): string {
  const { out, err } = runIp(node.host, command.split(' '));
  return out + err;
}

function pair(): { net: Net; a: Node; b: Node } {
  const net = new Net();
  const a = net.node({ eth0: { addresses: ['fd00::1/64'] } }, { sysctl: HOST });
  const b = net.node({ eth0: { addresses: ['fd00::2/64'] } }, { sysctl: HOST });
  net.cable(a, 'eth0', b, 'eth0');
  return { net, a, b };
}

describe('stack: duplicate address detection', () => {
  it('asks before an address is used', () => {
    const { net, a, b } = pair();
    ip(a, 'addr add fd00::9/64 dev eth0');
    assert.match(ip(a, '-6 addr show dev eth0'), /fd00::9\/64 scope global tentative /);
    assert.equal(net.talk(b, a, 'fd00::9'), 'eth0', 'after a second or two it answers');
    assert.match(ip(a, '-6 addr show dev eth0'), /fd00::9\/64 scope global \n/);
    const asked = net.frames.filter(
      (frame) => frame.slice(-64).startsWith('8700') && frame.slice(-16).startsWith('0e01'),
    );
    assert.equal(asked.length, 1, 'one question, with a nonce');
  });

  it('finds the address taken, and does not use it', () => {
    const { net, a, b } = pair();
    ip(a, 'addr add fd00::2/64 dev eth0');
    net.pass(3);
    assert.match(ip(a, '-6 addr show dev eth0'), /fd00::2\/64 scope global dadfailed tentative /);
    assert.equal(net.talk(a, b, 'fd00::2'), 'eth0', 'it is still the other’s');
    assert.equal(ip(a, 'addr del fd00::2/64 dev eth0'), '');
    assert.doesNotMatch(ip(a, '-6 addr show dev eth0'), /fd00::2/);
  });

  it('of two who ask at once finds both', () => {
    const { net, a, b } = pair();
    ip(a, 'addr add fd00::9/64 dev eth0');
    ip(b, 'addr add fd00::9/64 dev eth0');
    net.pass(5);
    const failed = [a, b].filter((node) => ip(node, '-6 addr').includes('dadfailed'));
    assert.ok(failed.length >= 1, 'not both have it');
  });

  it('is left out where it was said so', () => {
    const { a } = pair();
    ip(a, 'addr add fd00::9/64 dev eth0 nodad');
    assert.match(ip(a, '-6 addr show dev eth0'), /fd00::9\/64 scope global nodad \n/);
    a.host.sysctls.set('net.ipv6.conf.eth0.accept_dad', 0);
    ip(a, 'addr add fd00::a/64 dev eth0');
    assert.match(ip(a, '-6 addr show dev eth0'), /fd00::a\/64 scope global \n/);
  });
});

describe('stack: router advertisements', () => {
  const advertised = () => {
    const net = new Net();
    const router = net.node({ eth0: { addresses: ['fd05::1/64'] }, up0: { addresses: ['fd06::1/64'] } });
    const host = net.node(
      { eth0: {} },
      { sysctl: { ...HOST, 'net.ipv6.conf.default.router_solicitations': 3 } },
    );
    net.cable(router, 'eth0', host, 'eth0');
    const advertiser = new RouterAdvertiser(router.host, router.host.devices.named('eth0')!, {
      prefix: parseAddress('fd05::')!.words,
      length: 64,
      onLink: true,
      nameServer: parseAddress('fd05::1')!.words,
      mtu: 1500,
      domain: 'lab',
    });
    net.pass(5);
    return { net, router, host, advertiser };
  };

  it('give a host its network, an address, and a default route', () => {
    const { net, router, host } = advertised();
    const addresses = ip(host, '-6 addr show dev eth0');
    assert.match(
      addresses,
      /inet6 fd05::ff:fe00:200\/64 scope global dynamic mngtmpaddr noprefixroute \n +valid_lft 863\d\dsec preferred_lft 143\d\dsec/,
    );
    const routes = ip(host, '-6 route');
    assert.match(routes, /^fd05::\/64 dev eth0 proto kernel metric 256 expires 86\d\d\dsec pref medium$/m);
    assert.match(
      routes,
      /^default via fe80::ff:fe00:100 dev eth0 proto ra metric 1024 expires 179\dsec pref medium$/m,
    );
    assert.equal(net.talk(host, router, 'fd06::1'), 'eth0', 'a way to elsewhere');
    assert.match(ip(host, '-6 neigh'), /fe80::ff:fe00:100 dev eth0 lladdr 02:00:00:00:01:00 router /);
  });

  it('with a lifetime of zero take the route away again', () => {
    const { net, host, advertiser } = advertised();
    advertiser.close();
    net.pass(1);
    assert.doesNotMatch(ip(host, '-6 route'), /default/);
    assert.match(ip(host, '-6 addr show dev eth0'), /fd05::/, 'the address stays');
  });

  it('that are not repeated end with their time', () => {
    const { net, host, router } = advertised();
    ip(router, 'link set eth0 down');
    net.pass(1801);
    assert.doesNotMatch(ip(host, '-6 route'), /default/);
    net.pass(90_000);
    assert.doesNotMatch(ip(host, '-6 addr show dev eth0'), /fd05::/);
  });

  it('are nothing to a router, nor from beyond the link', () => {
    const { net, router } = advertised();
    const other = net.node({ eth0: {} });
    net.cable(router, 'up0', other, 'eth0');
    const advertiser = new RouterAdvertiser(router.host, router.host.devices.named('up0')!, {
      prefix: parseAddress('fd06::')!.words,
      length: 64,
      onLink: true,
      nameServer: parseAddress('fd06::1')!.words,
      mtu: 1500,
      domain: '',
    });
    net.pass(5);
    assert.doesNotMatch(ip(other, '-6 route'), /default/);
    advertiser.close();
  });

  it('are asked for when an interface comes up', () => {
    const net = new Net();
    const host = net.node(
      { eth0: { up: false } },
      { sysctl: { ...HOST, 'net.ipv6.conf.default.router_solicitations': 3 } },
    );
    const other = net.node({ eth0: {} });
    net.cable(host, 'eth0', other, 'eth0');
    ip(host, 'link set eth0 up');
    net.pass(60);
    const asked = net.frames.filter((frame) => frame.startsWith('eth0 333300000002'));
    assert.equal(asked.length, 3);
  });
});

describe('stack: announcing IPv4 addresses', () => {
  it('is done where arp_notify says so, when the interface comes', () => {
    const net = new Net();
    const a = net.node({ eth0: {} }, { sysctl: { 'net.ipv4.conf.all.arp_notify': 1 } });
    net.cable(a, 'eth0', net.node({ eth0: {} }), 'eth0');
    ip(a, 'addr add 10.0.0.7/24 dev eth0');
    assert.equal(net.frames.length, 0, 'not for a new address');
    ip(a, 'link set eth0 down');
    ip(a, 'link set eth0 up');
    const arp = 'ffffffffffff020000000100080600010800060400010200000001000a0000070000000000000a000007';
    assert.deepEqual(
      net.frames.filter((frame) => frame.includes('0806')),
      [`eth0 ${arp}`],
    );
  });
});
