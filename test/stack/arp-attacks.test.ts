/** ARP that lies, is cut, or comes from thousands of senders. */
import assert from 'node:assert/strict';
import { VirtualClock } from '../../src/base/clock.ts';
import { SeededRng } from '../../src/base/rng.ts';
import { DropReason } from '../../src/netfilter/drop-reason.ts';
import { runIp } from '../../src/programs/ip/index.ts';
import { Host } from '../../src/stack/index.ts';
import * as arp from '../../src/wire/arp.ts';
import * as build from '../../src/wire/build.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';

const OWN = '10.0.0.1';
const MAC = '02:00:00:00:00:01';
const ATTACKER = '02:00:00:00:66:66';

describe('ARP from attackers (L2-7)', () => {
  let host: Host;
  let sent: number;

  beforeEach(() => {
    sent = 0;
    host = Host.fromObject(
      { interfaces: { eth0: { mac: MAC, addresses: [`${OWN}/8`] } } },
      { clock: new VirtualClock(1e15), rng: new SeededRng(1), sink: { frame: () => sent++ } },
    );
  });

  const request = (senderIp: string, mac = ATTACKER, target = OWN): Uint8Array =>
    build.frame(
      build.ethernet({ dst: 'ff:ff:ff:ff:ff:ff', src: mac }),
      build.arp({
        operation: arp.REQUEST,
        senderMac: mac,
        senderIp,
        targetMac: '00:00:00:00:00:00',
        targetIp: target,
      }),
    );

  const receive = (bytes: Uint8Array) => {
    const pkt = new PacketBuffer(bytes.slice());
    host.receive(host.devices.named('eth0')!, pkt);
    return pkt.dropReason;
  };

  it('answers what is whole, and ignores wrong lengths of addresses and every cut', () => {
    const whole = request('10.0.0.2');
    receive(whole);
    assert.equal(sent, 1);
    for (const [at, values] of [
      [18, [0, 5, 7, 255]],
      [19, [0, 3, 5, 16, 255]],
    ] as const) {
      for (const value of values) {
        const lying = whole.slice();
        lying[at] = value;
        assert.equal(receive(lying), DropReason.ARP_IGNORED, `byte ${at} = ${value}`);
      }
    }
    for (let length = 14; length < 42; length++) {
      assert.equal(receive(whole.slice(0, length)), DropReason.ARP_IGNORED, `${length} bytes`);
    }
    assert.equal(sent, 1);
  });

  it('does not take a gratuitous claim to its own address', () => {
    receive(request(OWN, ATTACKER, OWN));
    assert.equal(host.neighbours4.find(host.devices.named('eth0')!, 0x0a000001, 0, 0, 0), undefined);
  });

  it('believes a gratuitous claim to the gateway as Linux does by policy: no new entry, a known one moves, a permanent one holds', () => {
    const eth0 = host.devices.named('eth0')!;
    const gateway = [0x0a0000fe, 0, 0, 0] as const;
    const claim = () => receive(request('10.0.0.254', ATTACKER, '10.0.0.254'));
    const macOf = () => Buffer.from(host.neighbours4.find(eth0, ...gateway)?.mac ?? []).toString('hex');
    claim();
    assert.equal(host.neighbours4.find(eth0, ...gateway), undefined, 'arp_accept is 0');
    receive(request('10.0.0.254', '02:00:00:00:00:fe'));
    assert.equal(macOf(), '0200000000fe');
    claim();
    assert.equal(macOf(), '020000006666');
    runIp(host, [
      'neigh',
      'replace',
      '10.0.0.254',
      'lladdr',
      '02:00:00:00:00:fe',
      'dev',
      'eth0',
      'nud',
      'permanent',
    ]);
    claim();
    assert.equal(macOf(), '0200000000fe');
  });

  it('keeps its table of neighbours bounded under twenty thousand senders', () => {
    const bytes = request('10.0.0.2');
    for (let n = 0; n < 20_000; n++) {
      bytes.set([10, 1 + (n >>> 16), n >>> 8, n], 28);
      receive(bytes);
    }
    assert.ok(host.neighbours4.size <= 1024, `${host.neighbours4.size} neighbours`);
  });
});
