/** What -I, -A and -G describe: tuples, and a connection out of them, with the complaints about what is missing. */
import type { ConnectionWords } from '../../netfilter/conntrack/by-hand.ts';
import { CtStatus } from '../../netfilter/conntrack/ct-info.ts';
import { invertTuple } from '../../netfilter/conntrack/tuple-reader.ts';
import { Tuple } from '../../netfilter/conntrack/tuple.ts';
import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_DCCP,
} from '../../wire/ip-protocol.ts';
import { PROTOCOL_OPTIONS, type Command } from './options.ts';
import { BadWords } from './request.ts';
import { parseMark, parseZone, type AddressWords, type Words } from './words.ts';

/** Null for what the kernel refuses. Throws BadWords for what the tool misses. */
export function connectionOf(words: Words): ConnectionWords | null {
  const { options } = words.request;
  const original = tupleOf(words, 'I');
  const reply = new Tuple();
  if (original === null || !invertTuple(original, reply)) return null;
  if (!readReply(words, reply)) return null;
  let status = words.status ?? 0;
  const { srcNat, dstNat } = words.addresses;
  if (srcNat !== null) {
    status |= CtStatus.SRC_NAT;
    setDestination(reply, srcNat);
    if (words.natPorts.src !== null) reply.dstId = words.natPorts.src;
  }
  if (dstNat !== null) {
    status |= CtStatus.DST_NAT;
    setSource(reply, dstNat);
    if (words.natPorts.dst !== null) reply.srcId = words.natPorts.dst;
  }
  const zone = options.get('zone');
  original.zone = parseZone(options.get('orig-zone') ?? zone ?? '0');
  reply.zone = parseZone(options.get('reply-zone') ?? zone ?? '0');
  const mark = options.get('mark');
  return {
    original,
    reply,
    timeoutSeconds: words.number(options.get('timeout')!),
    status,
    mark: mark === undefined ? 0 : parseMark(mark).value,
    state: words.state ?? 0,
    labels: words.request.labels.get('label-add') ?? [],
    tags: [tag(words, 'orig-vtag'), tag(words, 'reply-vtag')],
  };
}

function tag({ request, number }: Words, name: 'orig-vtag' | 'reply-vtag'): number {
  return number(request.ofProtocol.get(name) ?? '0') | 0;
}

/** The tuple of the original direction; null when only the other one was given. */
export function tupleOf(words: Words, command: Command): Tuple | null {
  const { ofProtocol } = words.request;
  const { src, dst, replySrc, replyDst } = words.addresses;
  checkOwnOptions(words, command);
  if (src === null || dst === null) {
    if (replySrc !== null && replyDst !== null) return null;
    throw new BadWords("you have to specify `--src' and `--dst'");
  }
  const tuple = new Tuple();
  const protocol = words.protocol!;
  tuple.family = src.family;
  tuple.proto = protocol;
  setSource(tuple, src);
  setDestination(tuple, dst);
  const number = (text: string | undefined) => words.number(text ?? '0') & 0xffff;
  if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
    tuple.srcId = number(ofProtocol.get('icmp-id'));
    tuple.dstId = ((number(ofProtocol.get('type')) & 0xff) << 8) | (number(ofProtocol.get('code')) & 0xff);
    return tuple;
  }
  if (!hasPorts(protocol)) return tuple;
  const [sport, dport] = [ofProtocol.get('sport'), ofProtocol.get('dport')];
  if (sport === undefined || dport === undefined) {
    const names = protocol === IPPROTO_GRE ? "`--srckey' and `--dstkey'" : "`--sport' and `--dport'";
    throw new BadWords(`you have to specify ${names}`);
  }
  // The kernel knows no ports of DCCP any more.
  if (protocol === IPPROTO_DCCP) return tuple;
  tuple.srcId = number(sport);
  tuple.dstId = number(dport);
  return tuple;
}

function checkOwnOptions({ protocol, request }: Words, command: Command): void {
  const missing = (name: string) =>
    new BadWords(`You need to supply the \`--${name}' option for this command`);
  if ((protocol === IPPROTO_TCP || protocol === IPPROTO_SCTP) && command === 'I') {
    if (!request.ofProtocol.has('state')) throw missing('state');
  }
  if (protocol === IPPROTO_ICMP && !request.ofProtocol.has('type')) throw missing('icmp-type');
  if (protocol === IPPROTO_ICMPV6 && !request.ofProtocol.has('type')) throw missing('icmpv6-type');
}

function hasPorts(protocol: number): boolean {
  const own = PROTOCOL_OPTIONS.get(protocol);
  return own !== undefined && Object.values(own).includes('sport');
}

/** The reply direction as it was given, all of it or nothing. */
function readReply(words: Words, reply: Tuple): boolean {
  const { replySrc, replyDst } = words.addresses;
  const { ofProtocol } = words.request;
  if (replySrc === null && replyDst === null) return true;
  const [sport, dport] = [ofProtocol.get('reply-port-src'), ofProtocol.get('reply-port-dst')];
  // A save file has -r or -q beside -n or -g.
  const { srcNat, dstNat } = words.addresses;
  if ((replySrc === null && dstNat === null) || (replyDst === null && srcNat === null)) return false;
  if (hasPorts(reply.proto) && (sport === undefined || dport === undefined)) return false;
  if (replySrc !== null) setSource(reply, replySrc);
  if (replyDst !== null) setDestination(reply, replyDst);
  if (hasPorts(reply.proto) && reply.proto !== IPPROTO_DCCP) {
    reply.srcId = words.number(sport!) & 0xffff;
    reply.dstId = words.number(dport!) & 0xffff;
  }
  return true;
}

function setSource(tuple: Tuple, { words }: AddressWords): void {
  [tuple.src0, tuple.src1, tuple.src2, tuple.src3] = [words[0]!, words[1]!, words[2]!, words[3]!];
}

function setDestination(tuple: Tuple, { words }: AddressWords): void {
  [tuple.dst0, tuple.dst1, tuple.dst2, tuple.dst3] = [words[0]!, words[1]!, words[2]!, words[3]!];
}
