import assert from 'node:assert/strict';
import { runIp } from '../../../src/programs/ip/index.ts';
import { formatIp4, parseIp4 } from '../../../src/wire/address.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { echo, ethernet, icmp } from '../make.ts';
import { makeRig, type Rig } from '../run.ts';

const MAC = '02:00:00:00:00:0a';
const HOST = {
  interfaces: { lan: { mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'] } },
  neighbours: [
    { dev: 'lan', ip: '10.0.0.254', mac: MAC },
    { dev: 'lan', ip: '10.0.0.253', mac: MAC },
  ],
  routes: ['default via 10.0.0.254'],
  sysctl: { 'net.ipv4.ip_forward': 0 },
};

function via(rig: Rig): string {
  const pkt = new PacketBuffer();
  pkt.dst0 = parseIp4('8.8.8.8')!;
  assert.ok(rig.host.route4.output(pkt, undefined));
  return formatIp4(pkt.via0);
}

function redirect(rig: Rig, from: string, gateway: string): void {
  const own = echo({ from: '10.0.0.1', to: '8.8.8.8' }, false, 1, 1, []);
  const word = parseIp4(gateway)!;
  const rest = [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
  const message = icmp({ from, to: '10.0.0.1' }, 5, 1, [...rest, ...own]);
  const frame = ethernet('02:00:00:00:00:01', MAC, message);
  rig.receive('lan', frame);
}

describe('stack: redirects', () => {
  it('of the router in use are followed, until they are old', () => {
    const rig = makeRig(HOST);
    redirect(rig, '10.0.0.254', '10.0.0.253');
    assert.equal(via(rig), '10.0.0.253');
    assert.match(
      runIp(rig.host, ['route', 'show', 'cache']).out,
      /8\.8\.8\.8 via 10\.0\.0\.253 dev lan \n    cache <redirected> expires 300sec/,
    );
    rig.clock.advanceTo(rig.clock.now + 301e6);
    assert.equal(via(rig), '10.0.0.254');
  });

  it('of anybody else are not', () => {
    const rig = makeRig(HOST);
    redirect(rig, '10.0.0.253', '10.0.0.252');
    assert.equal(via(rig), '10.0.0.254');
  });

  it('to an address that is no neighbour’s are not', () => {
    for (const gateway of ['0.0.0.0', '255.255.255.255', '224.0.0.1', '10.0.0.1', '10.0.0.254']) {
      const rig = makeRig(HOST);
      redirect(rig, '10.0.0.254', gateway);
      assert.equal(via(rig), '10.0.0.254', gateway);
    }
  });

  it('to somebody unknown count when he has been found', () => {
    const rig = makeRig(HOST);
    redirect(rig, '10.0.0.254', '10.0.0.252');
    assert.equal(via(rig), '10.0.0.254');
    assert.equal(rig.take().length, 1, 'a question who that is');
  });

  it('are not for routers, nor where accept_redirects says no', () => {
    for (const sysctl of [
      { 'net.ipv4.ip_forward': 1 },
      { ...HOST.sysctl, 'net.ipv4.conf.all.accept_redirects': 0, 'net.ipv4.conf.lan.accept_redirects': 0 },
    ]) {
      const rig = makeRig({ ...HOST, sysctl });
      redirect(rig, '10.0.0.254', '10.0.0.253');
      assert.equal(via(rig), '10.0.0.254');
    }
  });
});
