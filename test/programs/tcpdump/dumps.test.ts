/** What `tcpdump` shows of captures: bytes below the lines, and with -v fields and checksums; beside the real one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { hasProgram, requireOrSkip } from '../../support/require.ts';
import { Prompt } from '../support.ts';

const MOST = 60;

const ours = (words: string) => new Prompt().run(`tcpdump ${words}`);

describe('tcpdump of a capture', () => {
  it('shows bytes in hexadecimal, as text, and both, with the header of the link or without', () => {
    const read = (form: string) => ours(`-t -r pcaps/dns.pcap -c 1 ${form}`).out;
    const line = 'ARP, Request who-has 10.254.0.1 tell 10.254.0.2, length 28\n';
    assert.equal(
      read('-x'),
      `${line}\t0x0000:  0001 0800 0604 0001 0200 0000 0101 0afe\n\t0x0010:  0002 0000 0000 0000 0afe 0001\n`,
    );
    assert.match(read('-X'), /^\t0x0010: {2}0002 0000 0000 0000 0afe 0001 {12}\.{12}$/m);
    assert.match(read('-xx'), /^\t0x0000: {2}ffff ffff ffff 0200 0000 0101 0806 0001$/m);
    assert.equal(read('-A'), `${line}..............\n.........\n...\n`);
  });

  it('says what headers hold, and whether checksums are right', () => {
    const { out } = ours('-v -t -r pcaps/http.pcap -c 1 tcp');
    assert.match(
      out,
      /^IP \(tos 0x0, ttl 64, id \d+, offset 0, flags \[DF\], proto TCP \(6\), length 60\)\n {4}[\d.]+ > [\d.]+: Flags \[S\], cksum 0x[0-9a-f]{4} \(correct\), seq /,
    );
  });

  it('says what it cannot read', () => {
    assert.match(
      ours('-r pcaps/any-cooked-v1.pcap').err,
      /^tcpdump: pcaps\/any-cooked-v1\.pcap: link type LINUX_SLL/,
    );
    assert.equal(ours('-r pcaps/any-cooked-v1.pcap').status, 1);
  });
});

/** The lines of each packet, its own first. */
function packets(out: string): string[][] {
  const found: string[][] = [];
  for (const line of out.split('\n')) {
    if (/^(IP6?|ARP)[ ,]/.test(line)) found.push([line]);
    else found.at(-1)?.push(line);
  }
  return found;
}

/** Up to where the real one reads on into what a datagram carries, or says more of ICMPv6 than here. */
function common(line: string): string {
  return line.replace(/(UDP, |ICMP6, ).*$/, '');
}

describe('tcpdump of captures beside the real one', function () {
  this.timeout(60_000);
  before(function () {
    requireOrSkip(this, 'needs tcpdump', hasProgram('tcpdump'));
  });

  const captures = readdirSync('pcaps').filter((name) => name.endsWith('.pcap') && !name.startsWith('any-'));
  const theirs = (words: string) => spawnSync('tcpdump', words.split(' '), { encoding: 'latin1' }).stdout;

  for (const form of ['-x', '-xx', '-X', '-XX']) {
    it(`shows the same bytes with ${form}`, () => {
      for (const name of captures) {
        const words = `-n -t -S ${form} -c ${MOST} -r pcaps/${name}`;
        const dumps = (out: string) => out.split('\n').filter((line) => line.startsWith('\t0x'));
        assert.deepEqual(dumps(ours(words).out), dumps(theirs(words)), name);
      }
    });
  }

  it('says the same of headers and checksums with -v', () => {
    for (const name of captures) {
      const words = `-n -t -S -v -c ${MOST} -r pcaps/${name}`;
      const [own, real] = [packets(ours(words).out), packets(theirs(words))];
      assert.equal(own.length, real.length, name);
      own.forEach((lines, i) => {
        lines.forEach((line, k) => {
          if (line === '') return;
          const told = real[i]![k]!;
          assert.equal(told.slice(0, common(line).length), common(line), `${name}, packet ${i + 1}`);
        });
      });
    }
  });
});
