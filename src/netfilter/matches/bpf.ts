/**
 * `-m bpf`: a program for the classic Berkeley packet filter, which sees the packet from its IP header on and matches by
 * returning anything but 0. Linux: xt_bpf. Programs that are pinned in a file system (`--object-pinned`) there are none.
 */
import { defineMatch, type MatchTest, type ValueType } from '../extension.ts';
import { lookAsHeld } from './as-held.ts';
import { BpfProgram, isValidProgram, type BpfInstruction } from '../bpf-program.ts';
import { ValueError } from '../syntax/value-error.ts';
import { text } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const MOST_INSTRUCTIONS = 64;
const PATH_MAX = 511;

/** `length,code jt jf k,…`: decimal numbers, cut to the width of their fields; a comma may follow the last. */
const bytecode: ValueType<readonly BpfInstruction[]> = {
  label: 'length,code jt jf k[,...]',
  parse(words) {
    const [head, ...lines] = words[0]!.split(',');
    if (!/^\s*\+?\d+$/.test(head!) || lines.length === 0) throw bad('error parsing program length');
    const length = Number(head);
    if (length > MOST_INSTRUCTIONS) throw bad('number of instructions exceeds maximum');
    if (length === 0) throw bad('illegal zero length program');
    if (lines.at(-1) === '') lines.pop();
    const program = lines.map((line, i) => {
      if (i >= length) throw bad('real program length exceeds the encoded length parameter');
      const found = /^\s*(\d+) +(\d+) +(\d+) +(\d+)$/.exec(line);
      if (found === null) throw bad(`error at instr ${i}`);
      const [code, jumpTrue, jumpFalse, k] = found.slice(1).map(Number) as [number, number, number, number];
      return { code: code & 0xffff, jumpTrue: jumpTrue & 0xff, jumpFalse: jumpFalse & 0xff, k: k | 0 };
    });
    if (program.length < length) throw bad('parsed program length is less than the encoded length parameter');
    return program;
  },
  print: (program) => `"${program.length},${listProgram(program)}"`,
};

function bad(message: string): ValueError {
  return new ValueError(`bpf: ${message}`);
}

function listProgram(program: readonly BpfInstruction[]): string {
  return program
    .map(({ code, jumpTrue, jumpFalse, k }) => `${code} ${jumpTrue} ${jumpFalse} ${k >>> 0}`)
    .join(',');
}

/** Nothing is pinned anywhere. */
const pinned: ValueType<string> = {
  ...text(PATH_MAX, 'path'),
  parse: () => {
    throw bad('failed to get bpf object');
  },
};

class BpfTest implements MatchTest {
  private readonly program: BpfProgram;

  constructor(program: readonly BpfInstruction[]) {
    this.program = new BpfProgram(program);
  }

  test(pkt: PacketBuffer): boolean {
    return lookAsHeld(pkt, this);
  }

  look(pkt: PacketBuffer): boolean {
    return this.program.run(pkt) !== 0;
  }
}

export const bpf = defineMatch({
  name: 'bpf',
  about: 'a program for the Berkeley packet filter',
  options: {
    bytecode: { value: bytecode, about: 'the program, as tcpdump -ddd or nfbpf_compile print it' },
    pinned: { value: pinned, name: 'object-pinned', about: 'a program of the kernel: there is none' },
  },
  check(info) {
    if (info.bytecode === undefined) throw bad('one of --bytecode or --pinned is required');
    if (!isValidProgram(info.bytecode.value)) throw new ValueError('Invalid argument', 'REFUSED');
  },
  listsUnspaced: true,
  // iptables ends the list with a NUL, where the comma of another instruction would stand.
  list: (info) => `match bpf ${listProgram(info.bytecode!.value)}\0`,
  create: (info) => new BpfTest(info.bytecode!.value),
});
