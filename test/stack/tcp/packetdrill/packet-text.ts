/** Packets of scripts: `[ect0] P. 1:1001(1000) ack 1 win 257 <nop,nop,TS val 100 ecr 0>`, `udp (500)`, `icmp … [1:1461(1460)]`. */
import {
  ScriptError,
  type IcmpSpec,
  type IpSpec,
  type PacketSpec,
  type SegmentSpec,
  type TcpOption,
} from './script.ts';

/** Without the direction. */
export function parsePacket(line: string): PacketSpec {
  const { ip, rest } = parseIp(line);
  const text = rest.replace(/^\d+\s*>\s*\d+\s+/, '');
  const ports = rest.length !== text.length;
  if (ports) throw new ScriptError('ports of packets are not known here');
  const udp = /^udp\s*\((\d+)\)/.exec(text);
  if (udp !== null) return { protocol: 'udp', ip, length: Number(udp[1]) };
  if (/\bicmp\b/.test(text)) return parseIcmp(line);
  if (/^(ipv4|ipv6|gre|mpls|raw)\b/.test(text))
    throw new ScriptError(`tunnels are not known here: ${text.split(/\s/)[0]}`);
  return parseSegment(ip, text);
}

/** `[ect0]`, `[tos 0x20, ttl 3]`, `(flowlabel 0x1)`. */
function parseIp(line: string): { ip: IpSpec; rest: string } {
  const head = /^(?:\[([^\]:(]*)\]\s*)?(?:\((flowlabel[^)]*)\)\s*)?/.exec(line)!;
  const words = (head[1] ?? '').split(',').map((word) => word.trim());
  let ecn: IpSpec['ecn'];
  let tos: number | undefined;
  let ttl: number | undefined;
  for (const word of words) {
    const [name, value] = word.split(/\s+/);
    if (name === 'noecn' || name === 'ect0' || name === 'ect1' || name === 'ce' || name === 'ect01')
      ecn = name;
    else if (name === 'tos') tos = Number(value);
    else if (name === 'ttl' || name === 'hoplimit') ttl = Number(value);
    else if (name !== '' && name !== 'flowlabel')
      throw new ScriptError(`"${word}" of an IP header is not known here`);
  }
  return { ip: { ecn, tos, ttl }, rest: line.slice(head[0].length) };
}

/** The quoted packet may stand before or behind. */
function parseIcmp(line: string): IcmpSpec {
  const quoted = /\[(?:(udp)\s*\(\d+\)|(\d+):\d+\(\d+\))\]/.exec(line);
  const text = line.replace(quoted?.[0] ?? '', ' ').trim();
  const words = /^icmp\s+(\w+)(?:\s+(?!mtu\b)(\w+))?(?:\s+mtu\s+(\d+))?\s*$/.exec(text);
  if (words === null) throw new ScriptError(`not an ICMP error: ${line}`);
  return {
    protocol: 'icmp',
    type: words[1]!,
    code: words[2] ?? '',
    mtu: Number(words[3] ?? 0),
    quoted: { protocol: quoted?.[1] === 'udp' ? 'udp' : 'tcp', seq: Number(quoted?.[2] ?? 0) },
  };
}

function parseSegment(ip: IpSpec, text: string): SegmentSpec {
  const head = /^([SFRPEWUA.\d]+|-)\s+(\d+):(\d+)\s*\((\d+)\)|^(\d+):(\d+)\s*\((\d+)\)/.exec(text);
  if (head === null) throw new ScriptError(`not a segment: ${text}`);
  const flags = head[1] ?? '';
  if (/\d/.test(flags)) throw new ScriptError(`AccECN (RFC 9768) is not there: flags ${flags}`);
  const rest = text.slice(head[0].length);
  const options = /<([^>]*)>/.exec(rest);
  const changes = /\{\s*\w+/.exec(rest);
  if (changes !== null) throw new ScriptError(`changes of packets are not known here: ${changes[0]} … }`);
  const words = rest.split('<')[0]!;
  const number = (name: string): number | undefined => {
    const found = new RegExp(`\\b${name}\\s+(\\d+)`).exec(words);
    return found === null ? undefined : Number(found[1]);
  };
  return {
    protocol: 'tcp',
    ip,
    flags,
    seq: Number(head[2] ?? head[5]),
    length: Number(head[4] ?? head[7]),
    ack: number('ack'),
    window: number('win'),
    urgent: number('urg'),
    options: options === null ? [] : options[1]!.trim() === '...' ? undefined : tcpOptions(options[1]!),
  };
}

function tcpOptions(text: string): TcpOption[] {
  return text.split(',').map((part): TcpOption => {
    const words = part.trim().split(/\s+/);
    switch (words[0]) {
      case 'nop':
      case 'eol':
      case 'sackOK':
        return { kind: words[0], values: [] };
      case 'mss':
      case 'wscale':
        return { kind: words[0], values: [Number(words[1])] };
      case 'TS':
        return { kind: 'TS', values: [Number(words[2]), Number(words[4])] };
      case 'sack':
        return { kind: 'sack', values: words.slice(1).flatMap((block) => block.split(':').map(Number)) };
      case 'FO':
      case 'FOEXP':
        throw new ScriptError('fast open (RFC 7413) is not there');
      case 'ECN':
        throw new ScriptError('AccECN (RFC 9768) is not there: its option');
      case 'md5':
        throw new ScriptError('MD5 signatures are not there');
      default:
        throw new ScriptError(`TCP option "${part.trim()}" is not known here`);
    }
  });
}
