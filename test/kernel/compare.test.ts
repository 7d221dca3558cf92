import assert from 'node:assert/strict';
import type { KernelAnswer, KernelCase, PacketLine, SummaryLine } from '../../src/conform/kernel/ask.ts';
import { caseNames, loadCase, recordedAnswer } from './cases.ts';
import { compareAnswers, formatComparison } from '../../src/conform/compare.ts';
import { decode } from '../../src/conform/decode.ts';
import { echo, ethernet, fragments, text, udp } from '../../src/conform/frames.ts';
import { MAC } from './flow.ts';
import { gatewayAddresses, mask, maskLogLine } from '../../src/conform/masks.ts';
import { isOnKernelsSchedule } from '../../src/conform/kernel/noise.ts';

const NAMES = { left: 'kernel', right: 'other' };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function changed(
  answer: KernelAnswer,
  change: (line: { packets: PacketLine[]; summary: SummaryLine }) => void,
): KernelAnswer {
  const copy = structuredClone(answer) as { packets: PacketLine[]; summary: SummaryLine };
  change(copy);
  return copy;
}

describe('the kernel harness, comparing answers', () => {
  let question: KernelCase;
  let answer: KernelAnswer;

  before(async () => {
    question = await loadCase('masquerade-and-snat');
    answer = recordedAnswer('masquerade-and-snat');
  });

  const differences = (other: KernelAnswer): string => {
    const comparison = compareAnswers(question, answer, other, NAMES);
    assert.equal(comparison.differences, 1, formatComparison(comparison));
    return formatComparison(comparison);
  };

  it('finds recorded answers for every case, one line for every frame', async () => {
    for (const name of caseNames()) {
      const frames = (await loadCase(name)).input.filter((step) => 'iface' in step).length;
      assert.equal(recordedAnswer(name).packets.length, frames, name);
    }
  });

  it('is content with an answer beside itself', () => {
    assert.equal(compareAnswers(question, answer, answer, NAMES).differences, 0);
  });

  it('shows one changed bit of one frame as the field that it is in', () => {
    const report = differences(
      changed(answer, ({ packets }) => {
        const out = packets[0]!.out[0]! as { frame: string };
        const bytes = Buffer.from(out.frame, 'hex');
        bytes[22]! ^= 1;
        out.frame = bytes.toString('hex');
      }),
    );
    assert.match(report, /^packet 1, in on eth0/);
    assert.match(report, /^ {2}! ip\.ttl +63 +62$/m);
    assert.equal(report.match(/^ {2}!/gm)?.length, 1);
  });

  it('shows a missing frame, a frame too many, and a frame on the wrong interface', () => {
    const missing = changed(answer, ({ packets }) => (packets[2] = { ...packets[2]!, out: [] }));
    assert.match(differences(missing), /packet 3.*\n {2}kernel sends 1 frames, other 0;[^]*other: nothing/);
    const extra = changed(answer, ({ packets }) => (packets[48] = { ...packets[48]!, out: packets[0]!.out }));
    assert.match(differences(extra), /packet 49.*\n {2}kernel sends 0 frames, other 1;[^]*kernel: nothing/);
    const moved = changed(answer, ({ packets }) => {
      packets[0] = { ...packets[0]!, out: [{ ...packets[0]!.out[0]!, iface: 'eth0' }] };
    });
    assert.match(differences(moved), /kernel, out of eth1 +other, out of eth0/);
  });

  it('notices that packet lines are missing at the end', () => {
    const short = changed(answer, ({ packets }) => packets.splice(45));
    assert.match(differences(short), /answers for 49 packets, other for 45/);
  });

  it('finds one counter, one connection and one log line that differ', () => {
    const summary = (change: Partial<SummaryLine>): KernelAnswer =>
      changed(answer, (line) => (line.summary = { ...line.summary, ...change }));
    const { tables, conntrack } = answer.summary;
    assert.match(
      differences(summary({ tables: { ...tables, v4: tables.v4.replace('[3:117]', '[2:78]') } })),
      /tables\.v4/,
    );
    assert.match(differences(summary({ conntrack: conntrack.slice(1) })), /^conntrack:[^]*\(nothing\)/);
    assert.match(differences(summary({ log: ['IN=eth0 OUT='] })), /^log, line 1/);
  });

  it('takes connections in any order, whatever use= says, with timeouts up to two seconds apart and no more', () => {
    const later = (seconds: number): KernelAnswer =>
      changed(answer, (line) => {
        const conntrack = answer.summary.conntrack
          .map((text, i) =>
            i > 0
              ? text
              : text.replace(
                  /^(\S+ +\d+ +\S+ +\d+ )(\d+)/,
                  (_, before: string, t) => `${before}${Number(t) + seconds}`,
                ),
          )
          .map((text) => text.replace(/use=\d+/, 'use=7'))
          .reverse();
        line.summary = { ...line.summary, conntrack };
      });
    assert.equal(compareAnswers(question, answer, later(2), NAMES).differences, 0);
    const tooLate = compareAnswers(question, answer, later(3), NAMES);
    assert.match(formatComparison(tooLate), /conntrack:\n.*\(timeout \d+\)\n.*\(timeout \d+\)/);
  });
});

describe('the kernel harness, masking what the kernel draws at random', () => {
  const ends = { from: '10.0.0.1', to: '10.0.0.2' };
  const input = ethernet(
    MAC.eth0,
    MAC.inside,
    echo({ from: '10.0.0.2', to: '10.0.0.1' }, false, 1, 1, text('x')),
  );
  const own = (id: number): number[] => {
    const reply = echo(ends, true, 1, 1, text('x'));
    return [...udp(ends, 0, 0, [], { id }).slice(0, 0), ...withId(reply, id)];
  };

  function withId(packet: number[], id: number): number[] {
    const copy = [...packet];
    const before = (copy[4]! << 8) | copy[5]!;
    copy.splice(4, 2, id >> 8, id & 0xff);
    let sum = ((copy[10]! << 8) | copy[11]!) + before - id;
    sum = ((sum % 0xffff) + 0xffff) % 0xffff;
    copy.splice(10, 2, sum >> 8, sum & 0xff);
    return copy;
  }

  it("hides the identification of the gateway's own ICMP", () => {
    const [a, b] = [own(100), own(200)].map((packet) => hex(ethernet(MAC.inside, MAC.eth0, packet)));
    assert.notEqual(a, b);
    assert.equal(mask(a!, input), mask(b!, input));
  });

  it("does not hide an identification that is the input's, of another protocol, or under a wrong checksum", () => {
    const forwarded = hex(ethernet(MAC.inside, MAC.eth0, echo(ends, true, 1, 1, text('x'))));
    assert.equal(mask(forwarded, input), forwarded);
    const datagram = hex(ethernet(MAC.inside, MAC.eth0, udp(ends, 1, 2, text('x'), { id: 9 })));
    assert.equal(mask(datagram, input), datagram);
    const wrong = own(100);
    wrong[10]! ^= 1;
    const broken = hex(ethernet(MAC.inside, MAC.eth0, wrong));
    assert.equal(mask(broken, input), broken);
  });

  it('hides flow labels and fragment identifications only where they are not the input’s', () => {
    const v6 = { from: 'fd00:a::1', to: 'fd00:a::2' };
    const labelled = (flowLabel: number): string =>
      hex(ethernet(MAC.inside, MAC.eth0, [0x60, flowLabel, ...echo(v6, true, 1, 1, []).slice(2)]));
    const inputV6 = ethernet(MAC.eth0, MAC.inside, echo(v6, false, 1, 1, []));
    assert.equal(mask(labelled(1), inputV6), mask(labelled(2), inputV6));
    assert.equal(mask(labelled(0), inputV6), labelled(0));
    const [first, other] = [5, 6].map((id) =>
      ethernet(MAC.inside, MAC.eth0, fragments(udp(v6, 1, 2, text('x'.repeat(80))), 40, id)[0]!),
    );
    assert.equal(mask(hex(first!), inputV6), mask(hex(other!), inputV6));
    assert.notEqual(mask(hex(first!), first!), mask(hex(other!), first!));
  });

  it('hides in log lines only what belongs to packets of the gateway', () => {
    const line =
      'IN= OUT=eth0 SRC=10.0.0.1 DST=10.0.0.2 LEN=28 ID=777 PROTO=ICMP TYPE=3 CODE=3 [SRC=10.0.0.2 ID=4660 PROTO=UDP ]';
    assert.equal(maskLogLine(line, new Set(['10.0.0.1'])), line.replace('ID=777', 'ID=*'));
    assert.equal(maskLogLine(line, new Set(['10.0.0.9'])), line);
    const reset =
      'IN= OUT=eth0 SRC=fe80::ff:fe00:1 DST=fd00::2 LEN=60 FLOWLBL=7 PROTO=TCP SPT=1 DPT=2 ACK RST URGP=0';
    const own = gatewayAddresses({ interfaces: { eth0: { mac: '02:00:00:00:00:01' } } });
    assert.equal(maskLogLine(reset, own), reset.replace('FLOWLBL=7', 'FLOWLBL=*'));
    const data = reset.replace('RST', 'PSH');
    assert.equal(maskLogLine(data, own), data);
  });

  it('leaves out neighbour solicitations and listener reports, not advertisements and echoes', () => {
    const message = (type: number, ttl: number): string => {
      const packet = echo({ from: 'fe80::1', to: 'ff02::16' }, false, 0, 0, []);
      packet[40] = type;
      packet[7] = ttl;
      return hex(ethernet(MAC.inside, MAC.eth0, packet));
    };
    assert.ok(isOnKernelsSchedule(message(135, 255)));
    assert.ok(isOnKernelsSchedule(message(143, 1)));
    assert.ok(!isOnKernelsSchedule(message(136, 255)));
    assert.ok(!isOnKernelsSchedule(message(135, 63)));
    assert.ok(!isOnKernelsSchedule(message(128, 64)));
  });

  it('decodes a frame that ends early up to where it ends', () => {
    const frame = hex(ethernet(MAC.inside, MAC.eth0, udp(ends, 1, 2, text('x'))));
    const fields = decode(frame.slice(0, 2 * 30));
    assert.equal(fields.at(-1)?.name, 'cut short at byte');
    assert.ok(fields.some(({ name, value }) => name === 'ip.src' && value === '10.0.0.1'));
  });
});
