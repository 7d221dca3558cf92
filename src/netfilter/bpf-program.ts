/**
 * The classic Berkeley packet filter: the machine of McCanne and Jacobson's paper (USENIX 1993) as Linux runs it
 * (Documentation/networking/filter.rst): an accumulator, an index register, 16 words of memory, jumps forward only. What
 * the kernel refuses to load is refused by `isValidProgram`. A load outside the packet ends the program with 0.
 */
import { readI32, readU16 } from '../wire/bytes.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';

export interface BpfInstruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  /** As a signed 32-bit integer. */
  readonly k: number;
}

const MEMORY_WORDS = 16;

/** Classes, in the lowest three bits of a code. */
const Class = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, RET: 6, MISC: 7 } as const;
/** Sizes and modes of loads. */
const WORD = 0x00;
const HALF = 0x08;
const BYTE = 0x10;
const Mode = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, LEN: 0x80, MSH: 0xa0 } as const;
/** The operand is X, not k. */
const FROM_X = 0x08;
const Alu = {
  ADD: 0x00,
  SUB: 0x10,
  MUL: 0x20,
  DIV: 0x30,
  OR: 0x40,
  AND: 0x50,
  LSH: 0x60,
  RSH: 0x70,
  NEG: 0x80,
  MOD: 0x90,
  XOR: 0xa0,
} as const;
const Jump = { JA: 0x00, JEQ: 0x10, JGT: 0x20, JGE: 0x30, JSET: 0x40 } as const;
const RETURN_A = 0x10;
const TXA = 0x80;

/** Codes that the kernel knows. */
const KNOWN = new Set<number>([
  ...[WORD, HALF, BYTE].flatMap((size) => [Class.LD | size | Mode.ABS, Class.LD | size | Mode.IND]),
  Class.LD | Mode.IMM,
  Class.LD | Mode.MEM,
  Class.LD | Mode.LEN,
  Class.LDX | Mode.IMM,
  Class.LDX | Mode.MEM,
  Class.LDX | Mode.LEN,
  Class.LDX | BYTE | Mode.MSH,
  Class.ST,
  Class.STX,
  ...Object.values(Alu).flatMap((operation) =>
    operation === Alu.NEG ? [Class.ALU | operation] : [Class.ALU | operation, Class.ALU | operation | FROM_X],
  ),
  Class.JMP | Jump.JA,
  ...[Jump.JEQ, Jump.JGT, Jump.JGE, Jump.JSET].flatMap((test) => [
    Class.JMP | test,
    Class.JMP | test | FROM_X,
  ]),
  Class.RET,
  Class.RET | RETURN_A,
  Class.MISC,
  Class.MISC | TXA,
]);

/** Loads from negative offsets (SKF_*): relative to the network header, to the link layer's, and what else is known. */
const NETWORK = -0x100000;
const LINK = -0x200000;
const ANCILLARY = -0x1000;
const Ancillary = { PROTOCOL: 0, PACKET_TYPE: 4, INTERFACE: 8, MARK: 20, PROCESSOR: 36 } as const;

/** Every code known, every jump within the program, no division by 0, memory within bounds and written before read; ends. */
export function isValidProgram(program: readonly BpfInstruction[]): boolean {
  const { length } = program;
  const last = program[length - 1];
  if (last === undefined || (last.code !== Class.RET && last.code !== (Class.RET | RETURN_A))) return false;
  return program.every((instruction, at) => isValid(instruction, at, length)) && readsWhatWasWritten(program);
}

function isValid({ code, jumpTrue, jumpFalse, k }: BpfInstruction, at: number, length: number): boolean {
  if (!KNOWN.has(code)) return false;
  const kind = code & 7;
  if (kind === Class.JMP) {
    if (code === (Class.JMP | Jump.JA)) return k >>> 0 < length - at - 1;
    return at + jumpTrue + 1 < length && at + jumpFalse + 1 < length;
  }
  if (kind === Class.ALU && (code & FROM_X) === 0) {
    const operation = code & 0xf0;
    if ((operation === Alu.DIV || operation === Alu.MOD) && k === 0) return false;
    if ((operation === Alu.LSH || operation === Alu.RSH) && k >>> 0 >= 32) return false;
  }
  const usesMemory =
    kind === Class.ST || kind === Class.STX || (kind <= Class.LDX && (code & 0xe0) === Mode.MEM);
  return !usesMemory || k >>> 0 < MEMORY_WORDS;
}

/** On every way to a load from memory the word has been stored before. Jumps lead forward, so one pass will do. */
function readsWhatWasWritten(program: readonly BpfInstruction[]): boolean {
  const written = new Uint16Array(program.length).fill(0xffff);
  let now = 0;
  for (let at = 0; at < program.length; at++) {
    const { code, k, jumpTrue, jumpFalse } = program[at]!;
    now &= written[at]!;
    const kind = code & 7;
    if (kind === Class.ST || kind === Class.STX) now |= 1 << k;
    if (kind <= Class.LDX && (code & 0xe0) === Mode.MEM && ((now >> k) & 1) === 0) return false;
    if (kind === Class.JMP) {
      const targets = code === Class.JMP ? [at + 1 + k] : [at + 1 + jumpTrue, at + 1 + jumpFalse];
      for (const target of targets) written[target] = written[target]! & now;
      now = 0xffff;
    }
  }
  return true;
}

export class BpfProgram {
  private readonly codes: Uint16Array;
  private readonly jumpTrue: Uint8Array;
  private readonly jumpFalse: Uint8Array;
  private readonly operands: Int32Array;
  private readonly memory = new Int32Array(MEMORY_WORDS);
  /** Set by a load outside the packet. */
  private failed = false;

  constructor(program: readonly BpfInstruction[]) {
    this.codes = Uint16Array.from(program, ({ code }) => code);
    this.jumpTrue = Uint8Array.from(program, ({ jumpTrue }) => jumpTrue);
    this.jumpFalse = Uint8Array.from(program, ({ jumpFalse }) => jumpFalse);
    this.operands = Int32Array.from(program, ({ k }) => k);
  }

  /** What the program returns, as an unsigned number; the packet begins with its IP header. */
  run(pkt: PacketBuffer): number {
    const { codes, operands, memory } = this;
    let a = 0;
    let x = 0;
    this.failed = false;
    for (let at = 0; at < codes.length; at++) {
      const code = codes[at]!;
      const k = operands[at]!;
      const operand = (code & FROM_X) === 0 ? k : x;
      const operation = code & 0xf0;
      switch (code & 7) {
        case Class.LD:
          a = this.load(pkt, code, k, x);
          if (this.failed) return 0;
          break;
        case Class.LDX:
          x = this.load(pkt, code, k, x);
          if (this.failed) return 0;
          break;
        case Class.ST:
          memory[k] = a;
          break;
        case Class.STX:
          memory[k] = x;
          break;
        case Class.ALU:
          if (operand === 0 && (operation === Alu.DIV || operation === Alu.MOD)) return 0;
          a = calculate(operation, a, operand);
          break;
        case Class.JMP:
          if (operation === Jump.JA) at += k;
          else at += holds(operation, a, operand) ? this.jumpTrue[at]! : this.jumpFalse[at]!;
          break;
        case Class.RET:
          return (operation === RETURN_A ? a : k) >>> 0;
        default:
          if (code === (Class.MISC | TXA)) a = x;
          else x = a;
      }
    }
    return 0;
  }

  private load(pkt: PacketBuffer, code: number, k: number, x: number): number {
    switch (code & 0xe0) {
      case Mode.IMM:
        return k;
      case Mode.MEM:
        return this.memory[k]!;
      case Mode.LEN:
        return pkt.l3End - pkt.l3;
      case Mode.MSH:
        return (this.read(pkt, k, BYTE) & 0xf) << 2;
      case Mode.IND:
        return this.read(pkt, (x + k) | 0, code & 0x18);
      default:
        return k >= ANCILLARY && k < 0 ? this.known(pkt, k - ANCILLARY) : this.read(pkt, k, code & 0x18);
    }
  }

  private read(pkt: PacketBuffer, offset: number, size: number): number {
    const { bytes } = pkt;
    const fromLink = offset < NETWORK;
    const first = fromLink ? pkt.l2 : pkt.l3;
    const at = first + (offset >= 0 ? offset : offset - (fromLink ? LINK : NETWORK));
    const length = size === WORD ? 4 : size === HALF ? 2 : 1;
    if (first < 0 || at < first || at + length > pkt.l3End) {
      this.failed = true;
      return 0;
    }
    return size === WORD ? readI32(bytes, at) : size === HALF ? readU16(bytes, at) : bytes[at]!;
  }

  /** What is known of a packet besides its bytes; the machine has one processor, number 0. */
  private known(pkt: PacketBuffer, what: number): number {
    switch (what) {
      case Ancillary.PROTOCOL:
        return pkt.etherType;
      case Ancillary.PACKET_TYPE:
        return pkt.packetType;
      case Ancillary.INTERFACE:
        return pkt.iif !== 0 ? pkt.iif : pkt.oif;
      case Ancillary.MARK:
        return pkt.mark;
      case Ancillary.PROCESSOR:
        return 0;
      default:
        this.failed = true;
        return 0;
    }
  }
}

function calculate(operation: number, a: number, operand: number): number {
  switch (operation) {
    case Alu.ADD:
      return (a + operand) | 0;
    case Alu.SUB:
      return (a - operand) | 0;
    case Alu.MUL:
      return Math.imul(a, operand);
    case Alu.DIV:
      return ((a >>> 0) / (operand >>> 0)) | 0;
    case Alu.MOD:
      return ((a >>> 0) % (operand >>> 0)) | 0;
    case Alu.OR:
      return a | operand;
    case Alu.AND:
      return a & operand;
    case Alu.XOR:
      return a ^ operand;
    case Alu.LSH:
      return a << operand;
    case Alu.RSH:
      return (a >>> operand) | 0;
    default:
      return -a | 0;
  }
}

function holds(test: number, a: number, operand: number): boolean {
  switch (test) {
    case Jump.JEQ:
      return a === operand;
    case Jump.JGT:
      return a >>> 0 > operand >>> 0;
    case Jump.JGE:
      return a >>> 0 >= operand >>> 0;
    default:
      return (a & operand) !== 0;
  }
}
