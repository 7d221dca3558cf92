/** A TCP segment in tcpdump's words: `10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, options […], length 0`. */
import { bytesToHex, readU16, readU32 } from '../bytes.ts';
import { IPPROTO_TCP } from '../ip-protocol.ts';
import * as tcp from '../tcp.ts';
import * as options from '../tcp-options.ts';
import { hex16, transportChecksum } from './verbose.ts';
import { endpoints, has, withoutPorts, type IpContext, type View } from './view.ts';

/** In the order in which tcpdump prints them. */
const FLAG_LETTERS: readonly (readonly [flag: number, letter: string])[] = [
  [tcp.FIN, 'F'],
  [tcp.SYN, 'S'],
  [tcp.RST, 'R'],
  [tcp.PSH, 'P'],
  [tcp.ACK, '.'],
  [tcp.URG, 'U'],
  [tcp.ECE, 'E'],
  [tcp.CWR, 'W'],
];

export function flagLetters(flags: number): string {
  let letters = '';
  for (const [flag, letter] of FLAG_LETTERS) if (flags & flag) letters += letter;
  return letters === '' ? 'none' : letters;
}

export function describeTcp(view: View, at: number, length: number, ip: IpContext): string {
  if (length < 4 || !has(view, at, 4)) return withoutPorts(ip, '[|tcp]');
  const { bytes } = view;
  const head = `${endpoints(ip, tcp.srcPort(bytes, at), tcp.dstPort(bytes, at))}: `;
  if (length < tcp.HEADER_LENGTH || !has(view, at, tcp.HEADER_LENGTH)) return `${head} [|tcp]`;
  const header = tcp.headerLength(bytes, at);
  if (header < tcp.HEADER_LENGTH) {
    return `${head} tcp ${length - header} [bad hdr length ${header} - too short, < ${tcp.HEADER_LENGTH}]`;
  }
  const flags = tcp.flags(bytes, at);
  const text = `${head}Flags [${flagLetters(flags)}]${view.verbose ? sumText(view, at, length, ip) : ''}`;
  if (header > length) return `${text} [bad hdr length ${header} - too long, > ${length}]`;
  const listed = header > tcp.HEADER_LENGTH ? optionList(view, at, header) : '';
  const numbers = text + sequenceNumbers(view, at, flags, length - header) + listed;
  return listed.endsWith(BAD_OPTION) || listed.endsWith(CUT_OPTION)
    ? numbers
    : `${numbers}, length ${length - header}`;
}

function sumText(view: View, at: number, length: number, ip: IpContext): string {
  const sums = transportChecksum(view, at, length, IPPROTO_TCP, tcp.CHECKSUM_AT, ip);
  if (sums === null) return '';
  const { stated, right } = sums;
  return `, cksum ${hex16(stated)} (${stated === right ? 'correct' : `incorrect -> ${hex16(right)}`})`;
}

function sequenceNumbers(view: View, at: number, flags: number, dataLength: number): string {
  const { bytes, relative } = view;
  let text = '';
  if (dataLength > 0 || flags & (tcp.SYN | tcp.FIN | tcp.RST)) {
    const seq = (tcp.seq(bytes, at) - (relative?.seq ?? 0)) >>> 0;
    text += `, seq ${seq}`;
    if (dataLength > 0) text += `:${(seq + dataLength) >>> 0}`;
  }
  if (flags & tcp.ACK) text += `, ack ${(tcp.ack(bytes, at) - (relative?.ack ?? 0)) >>> 0}`;
  text += `, win ${tcp.window(bytes, at)}`;
  if (flags & tcp.URG) text += `, urg ${tcp.urgentPointer(bytes, at)}`;
  return text;
}

const BAD_OPTION = '[bad opt]';
const CUT_OPTION = '[|tcp]';

function optionList(view: View, at: number, header: number): string {
  const end = at + header;
  let text = ', options [';
  let separator = '';
  for (let option = options.start(at); option < end;) {
    text += separator;
    separator = ',';
    if (option >= view.end) return text + CUT_OPTION;
    const kind = view.bytes[option]!;
    if (kind === options.OPTION_END) return `${text}eol]`;
    if (kind !== options.OPTION_NOP && !has(view, option, 2)) return text + CUT_OPTION;
    const length = options.optionLength(view.bytes, option, end);
    if (length < 0) return text + BAD_OPTION;
    if (!has(view, option, length)) return text + CUT_OPTION;
    text += optionText(view, option, kind, length);
    option += length;
  }
  return `${text}]`;
}

function optionText(view: View, at: number, kind: number, length: number): string {
  const { bytes } = view;
  const data = bytesToHex(bytes, at + Math.min(2, length), at + length);
  switch (kind) {
    case options.OPTION_NOP:
      return 'nop';
    case options.MSS:
      return length < 4 ? `mss[len ${length}]` : `mss ${readU16(bytes, at + 2)}${wrong(length, 4)}`;
    case options.WINDOW_SCALE:
      return length < 3 ? `wscale[len ${length}]` : `wscale ${bytes[at + 2]!}${wrong(length, 3)}`;
    case options.SACK_PERMITTED:
      return `sackOK${wrong(length, 2)}`;
    case options.SACK:
      return (length - 2) % 8 === 0 ? sackText(view, at) : 'sack invalid sack';
    case options.TIMESTAMPS:
      return length < 10
        ? `TS[len ${length}]`
        : `TS val ${readU32(bytes, at + 2)} ecr ${readU32(bytes, at + 6)}${wrong(length, 10)}`;
    case options.MD5:
      return `md5 shared secret not supplied with -M, can't check - ${data}`;
    case options.MPTCP:
      return `mptcp ${length} 0x${data}`;
    case options.FAST_OPEN:
      return length === 2 ? 'tfo  cookiereq' : `tfo  cookie ${data}`;
    default:
      return `unknown-${kind}${length > 2 ? ` 0x${data}` : ''}`;
  }
}

/** tcpdump's note on an option whose length is not what its kind asks for. */
function wrong(length: number, expected: number): string {
  return length === expected ? '' : `[len ${length}]`;
}

function sackText(view: View, at: number): string {
  const blocks = options.sackBlocks(view.bytes, at);
  const base = view.relative?.ack ?? 0;
  let text = `sack ${blocks} `;
  for (let block = 0; block < blocks; block++) {
    const left = (options.sackLeft(view.bytes, at, block) - base) >>> 0;
    const right = (options.sackRight(view.bytes, at, block) - base) >>> 0;
    text += `{${left}:${right}}`;
  }
  return text;
}
