/** What is told of a packet: reason, rule, connection state and translation, for every end that a packet can come to. */
import assert from 'node:assert/strict';
import type { PacketOutcome } from '../../src/replay/outcome.ts';
import { address, echo, ethernet, fragments, icmp, mac, tcp, u16, udp } from '../../src/conform/frames.ts';
import { Captures, FIRST_TIME, replay, type Frame, type Told } from './support.ts';

const GATEWAY = {
  interfaces: {
    eth0: { mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
    eth1: { mac: '02:00:00:00:00:02', addresses: ['198.51.100.1/24', '2001:db8::1/64'] },
  },
  neighbours: [
    { dev: 'eth0', ip: '10.0.0.2', mac: '02:00:00:00:01:01' },
    { dev: 'eth0', ip: '10.0.0.3', mac: '02:00:00:00:01:03' },
    { dev: 'eth1', ip: '198.51.100.2', mac: '02:00:00:00:01:02' },
  ],
  routes: [{ to: 'default', via: '198.51.100.2' }],
};
const RULES = `*raw
-A PREROUTING -p udp -m udp --dport 1000 -j DROP
-A PREROUTING -p udp -m udp --dport 1001 -j NOTRACK
COMMIT
*nat
-A PREROUTING -d 198.51.100.1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.3:80
-A POSTROUTING -s 10.0.0.0/24 -d 10.0.0.3 -j MASQUERADE
-A POSTROUTING -o eth1 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -p udp -m udp --dport 1002 -j DROP
-A FORWARD -p udp -m udp --dport 1003 -j REJECT
-A FORWARD -p tcp -m tcp --dport 1003 -j REJECT --reject-with tcp-reset
-A FORWARD -p udp -m udp --dport 1004 -j QUEUE
-A FORWARD -p udp -m udp --dport 1005 -j LOG --log-prefix "five "
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -p udp -m udp --dport 1006 -j RETURN
-A FORWARD -j ACCEPT
COMMIT
`;
const FROM_INSIDE = [GATEWAY.interfaces.eth0.mac, '02:00:00:00:01:01'] as const;
const inside = (packet: readonly number[]): Uint8Array => ethernet(...FROM_INSIDE, packet);
const toUdp = (dport: number, to = '203.0.113.9') => udp({ from: '10.0.0.2', to }, 4000, dport, [1, 2, 3, 4]);

const captures = new Captures();
after(() => captures.remove());

function run(frames: readonly (Uint8Array | Frame)[], rules = RULES): Told {
  return replay({ rules, gateway: GATEWAY, in: { eth0: captures.of(frames) } }, { trace: true });
}
const last = (...frames: (Uint8Array | Frame)[]): PacketOutcome => run(frames).packets.at(-1)!;

const brief = ({ verdict, reasonCode, rule, conntrack, out }: PacketOutcome) => ({
  verdict,
  reasonCode,
  rule,
  state: conntrack?.state ?? null,
  out: out.map(({ iface }) => iface),
});

describe('replay: what is told of a packet', () => {
  it('forwarded: the rule that let it through, its connection and its translation', () => {
    const told = last(inside(toUdp(53)));
    assert.deepEqual(brief(told), {
      verdict: 'ACCEPT',
      reasonCode: 'FORWARDED',
      rule: 'filter:FORWARD:8',
      state: 'NEW',
      out: ['eth1'],
    });
    assert.equal(told.reason, 'forwarded');
    assert.deepEqual(told.translation, {
      before: { src: '10.0.0.2', dst: '203.0.113.9', sport: 4000, dport: 53 },
      after: { src: '198.51.100.1', dst: '203.0.113.9', sport: 4000, dport: 53 },
    });
    assert.match(
      told.conntrack!.entry!,
      /src=10\.0\.0\.2 .* \[UNREPLIED\] src=203\.0\.113\.9 dst=198\.51\.100\.1/,
    );
    assert.equal(told.ruleObject!.place!.line, 19);
  });

  const CASES: readonly [string, () => PacketOutcome, ReturnType<typeof brief>, RegExp?][] = [
    [
      'dropped by a rule of raw, before tracking: no state',
      () => last(inside(toUdp(1000))),
      { verdict: 'DROP', reasonCode: 'RULE', rule: 'raw:PREROUTING:1', state: null, out: [] },
      /^rule raw:PREROUTING:1$/,
    ],
    [
      'NOTRACK: UNTRACKED, and not translated',
      () => last(inside(toUdp(1001))),
      {
        verdict: 'ACCEPT',
        reasonCode: 'FORWARDED',
        rule: 'filter:FORWARD:8',
        state: 'UNTRACKED',
        out: ['eth1'],
      },
    ],
    [
      'dropped by a rule',
      () => last(inside(toUdp(1002))),
      { verdict: 'DROP', reasonCode: 'RULE', rule: 'filter:FORWARD:1', state: 'NEW', out: [] },
      /^rule filter:FORWARD:1$/,
    ],
    [
      'REJECT: dropped, and the error is out',
      () => last(inside(toUdp(1003))),
      { verdict: 'DROP', reasonCode: 'RULE', rule: 'filter:FORWARD:2', state: 'NEW', out: ['eth0'] },
    ],
    [
      'REJECT with a reset',
      () =>
        last(
          inside(tcp({ from: '10.0.0.2', to: '203.0.113.9' }, { sport: 1, dport: 1003, seq: 1, flags: 'S' })),
        ),
      { verdict: 'DROP', reasonCode: 'RULE', rule: 'filter:FORWARD:3', state: 'NEW', out: ['eth0'] },
    ],
    [
      'QUEUE where nobody listens',
      () => last(inside(toUdp(1004))),
      { verdict: 'QUEUE', reasonCode: 'QUEUE_NO_LISTENER', rule: 'filter:FORWARD:4', state: 'NEW', out: [] },
    ],
    [
      'dropped by a policy, after RETURN',
      () => last(inside(toUdp(1006))),
      { verdict: 'DROP', reasonCode: 'POLICY', rule: 'filter:FORWARD:policy', state: 'NEW', out: [] },
      /^policy filter:FORWARD:policy$/,
    ],
    [
      'INVALID',
      () => last(inside(icmp({ from: '10.0.0.2', to: '203.0.113.9' }, 0, 0, [0, 1, 0, 1]))),
      { verdict: 'DROP', reasonCode: 'RULE', rule: 'filter:FORWARD:6', state: 'INVALID', out: [] },
    ],
    [
      'dropped by the stack: no table decided',
      () => last(inside(udp({ from: '10.0.0.2', to: '203.0.113.9' }, 1, 53, [], { ttl: 1 }))),
      { verdict: 'DROP', reasonCode: 'TTL_EXCEEDED', rule: null, state: 'NEW', out: ['eth0'] },
      /^time to live exceeded$/,
    ],
    [
      'for another host: nobody looked at it',
      () => last(ethernet('02:00:00:00:77:77', FROM_INSIDE[1], toUdp(53))),
      { verdict: 'DROP', reasonCode: 'OTHER_HOST', rule: null, state: null, out: [] },
    ],
    [
      'delivered and answered: an echo request',
      () => last(inside(echo({ from: '10.0.0.2', to: '10.0.0.1' }, false, 7, 1, [1, 2, 3, 4]))),
      {
        verdict: 'ACCEPT',
        reasonCode: 'DELIVERED',
        rule: 'filter:INPUT:policy',
        state: 'NEW',
        out: ['eth0'],
      },
    ],
    [
      "delivered to nobody: the verdict is the filter's, the reason says more",
      () => last(inside(toUdp(9999, '10.0.0.1'))),
      {
        verdict: 'ACCEPT',
        reasonCode: 'NO_SOCKET',
        rule: 'filter:INPUT:policy',
        state: 'NEW',
        out: ['eth0'],
      },
    ],
    [
      'waits for its next hop: passed all tables, and the question is out',
      () => last(inside(toUdp(53, '198.51.100.77'))),
      {
        verdict: 'STOLEN',
        reasonCode: 'NEIGHBOUR_QUEUED',
        rule: 'filter:FORWARD:8',
        state: 'NEW',
        out: ['eth1'],
      },
    ],
    [
      'ARP for the gateway: answered',
      () => last(arp('10.0.0.1')),
      { verdict: 'ACCEPT', reasonCode: 'HANDLED', rule: null, state: null, out: ['eth0'] },
    ],
    [
      'hairpin: in and out on one interface, both ends translated',
      () =>
        last(
          inside(
            tcp({ from: '10.0.0.2', to: '198.51.100.1' }, { sport: 5, dport: 8080, seq: 1, flags: 'S' }),
          ),
        ),
      { verdict: 'ACCEPT', reasonCode: 'FORWARDED', rule: 'filter:FORWARD:8', state: 'NEW', out: ['eth0'] },
    ],
    [
      'too short for anything',
      () => last(Uint8Array.of(1, 2, 3)),
      { verdict: 'DROP', reasonCode: 'FRAME_TOO_SHORT', rule: null, state: null, out: [] },
    ],
  ];
  for (const [name, tell, expected, reason] of CASES) {
    it(name, () => {
      const told = tell();
      assert.deepEqual(brief(told), expected);
      if (reason !== undefined) assert.match(told.reason, reason);
    });
  }

  it('hairpin: the translation shows both ends before and after', () => {
    const told = last(
      inside(tcp({ from: '10.0.0.2', to: '198.51.100.1' }, { sport: 5, dport: 8080, seq: 1, flags: 'S' })),
    );
    assert.deepEqual(told.translation, {
      before: { src: '10.0.0.2', dst: '198.51.100.1', sport: 5, dport: 8080 },
      after: { src: '10.0.0.1', dst: '10.0.0.3', sport: 5, dport: 80 },
    });
  });

  it('a translation that was decided before the packet was dropped is shown', () => {
    const rules = RULES.replace(
      '-A FORWARD -p udp -m udp --dport 1002',
      '-A FORWARD -p tcp -m tcp --dport 80',
    );
    const told = run(
      [inside(tcp({ from: '10.0.0.2', to: '198.51.100.1' }, { sport: 5, dport: 8080, seq: 1, flags: 'S' }))],
      rules,
    ).packets[0]!;
    assert.equal(told.rule, 'filter:FORWARD:1');
    assert.deepEqual([told.translation!.after.dst, told.translation!.after.dport], ['10.0.0.3', 80]);
  });

  it('an ICMP identifier that had to change is shown', () => {
    const question = (from: string) =>
      ethernet(...FROM_INSIDE, echo({ from, to: '203.0.113.9' }, false, 7, 1, [1]));
    const told = last(question('10.0.0.2'), question('10.0.0.3'));
    assert.equal(told.translation!.before.sport, 7);
    assert.notEqual(told.translation!.after.sport, 7);
  });

  it('a fragmented packet: its last fragment shows the whole, translated by its addresses', () => {
    const whole = udp({ from: '10.0.0.2', to: '203.0.113.9' }, 4000, 53, new Uint8Array(3000));
    const { packets } = run(fragments(whole, 1480).map(inside));
    assert.deepEqual(packets.map(brief), [
      { verdict: 'STOLEN', reasonCode: 'FRAGMENT_QUEUED', rule: null, state: null, out: [] },
      { verdict: 'STOLEN', reasonCode: 'FRAGMENT_QUEUED', rule: null, state: null, out: [] },
      {
        verdict: 'ACCEPT',
        reasonCode: 'FORWARDED',
        rule: 'filter:FORWARD:8',
        state: 'NEW',
        out: ['eth1', 'eth1', 'eth1'],
      },
    ]);
    assert.deepEqual(packets[2]!.translation, {
      before: { src: '10.0.0.2', dst: '203.0.113.9' },
      after: { src: '198.51.100.1', dst: '203.0.113.9' },
    });
  });

  it('LOG lines and the trace belong to the packet that caused them, with the place of every rule', () => {
    const { packets, log } = run([inside(toUdp(1005)), inside(toUdp(53))]);
    assert.equal(packets[0]!.log.length, 1);
    assert.match(packets[0]!.log[0]!, /^five IN=eth0 OUT=eth1 /);
    assert.deepEqual(packets[1]!.log, []);
    assert.deepEqual(
      log.map(({ cause }) => cause),
      [1],
    );
    assert.deepEqual(packets[0]!.trace, [
      { at: 'raw:PREROUTING:policy:3', text: '-P PREROUTING ACCEPT', place: '' },
      { at: 'nat:PREROUTING:policy:2', text: '-P PREROUTING ACCEPT', place: '' },
      {
        at: 'filter:FORWARD:rule:5',
        text: '-A FORWARD -p udp -m udp --dport 1005 -j LOG --log-prefix "five "',
        place: 'rules.v4:16',
      },
      // As the kernel's TRACE names a rule without conditions.
      { at: 'filter:FORWARD:policy:8', text: '-A FORWARD -j ACCEPT', place: 'rules.v4:19' },
      { at: 'nat:POSTROUTING:rule:2', text: '-A POSTROUTING -o eth1 -j MASQUERADE', place: 'rules.v4:8' },
    ]);
  });

  it('a frame that waited for its next hop leaves with the answer, and is listed there', () => {
    const answer = arpReply('198.51.100.77', '02:00:00:00:77:77');
    const { packets } = replay({
      rules: RULES,
      gateway: GATEWAY,
      in: {
        eth0: captures.of([inside(toUdp(53, '198.51.100.77'))]),
        eth1: captures.of([{ at: 0.5, frame: answer }]),
      },
    });
    assert.deepEqual(
      packets.map(({ reasonCode, out }) => [reasonCode, out.length]),
      [
        ['NEIGHBOUR_QUEUED', 1],
        ['HANDLED', 1],
      ],
    );
  });

  it('what timers send between two frames is told apart, each at its own time', () => {
    const { packets, timers } = run([
      inside(toUdp(53, '198.51.100.77')),
      { at: 10, frame: inside(toUdp(53)) },
    ]);
    assert.equal(packets[0]!.out.length, 1);
    // Two more questions, a second apart; then the sender is told that the host cannot be reached.
    assert.deepEqual(
      timers.map(({ timeUs, out }) => [Math.round(timeUs / 1e6 - FIRST_TIME), out.map(({ iface }) => iface)]),
      [
        [1, ['eth1']],
        [2, ['eth1']],
        [3, ['eth0']],
      ],
    );
    assert.deepEqual(brief(packets[1]!).out, ['eth1']);
  });

  it('the summary counts every frame under one reason', () => {
    const { summary } = run([inside(toUdp(53)), inside(toUdp(1002)), inside(toUdp(1002)), arp('10.0.0.1')]);
    assert.deepEqual(summary.verdicts, { ACCEPT: 2, DROP: 2, STOLEN: 0, QUEUE: 0 });
    assert.deepEqual(
      summary.reasons.map(({ code, frames }) => [code, frames]),
      [
        ['RULE', 2],
        ['FORWARDED', 1],
        ['HANDLED', 1],
      ],
    );
    assert.deepEqual(
      summary.interfaces.map(({ name, received, sent }) => [name, received, sent]),
      [
        ['eth0', 4, 1],
        ['eth1', 0, 1],
      ],
    );
  });

  it('without a listener the summary is the same', () => {
    const frames = [inside(toUdp(53)), inside(toUdp(1002)), inside(toUdp(1003)), arp('10.0.0.1')];
    const options = { rules: RULES, gateway: GATEWAY, in: { eth0: captures.of(frames) } };
    const loud = replay(options).summary;
    const silent = replay(options, { packet: undefined!, timer: undefined!, log: undefined! }).summary;
    assert.deepEqual(silent, loud);
  });
});

function arp(target: string): Uint8Array {
  const sender = mac(FROM_INSIDE[1]);
  return Uint8Array.of(
    ...mac('ff:ff:ff:ff:ff:ff'),
    ...sender,
    ...[8, 6, 0, 1, 8, 0, 6, 4, 0, 1],
    ...sender,
    ...address('10.0.0.2'),
    ...[0, 0, 0, 0, 0, 0],
    ...address(target),
  );
}

function arpReply(from: string, sender: string): Uint8Array {
  const gateway = mac(GATEWAY.interfaces.eth1.mac);
  return Uint8Array.of(
    ...gateway,
    ...mac(sender),
    ...[8, 6],
    ...u16(1),
    ...[8, 0, 6, 4],
    ...u16(2),
    ...mac(sender),
    ...address(from),
    ...gateway,
    ...address('198.51.100.1'),
  );
}
