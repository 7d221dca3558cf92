/** `ip route get`: which way a packet would take. */
import { AddressType } from '../../netfilter/host-services.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import { isMulticast6 } from '../../stack/addresses.ts';
import { NetlinkError } from '../../stack/rtnetlink/index.ts';
import { InputRoute, isMulticast4 } from '../../stack/route4.ts';
import type { Device } from '../../stack/device.ts';
import type { Route } from '../../stack/routing/route.ts';
import { TABLE_MAIN } from '../../stack/routing/route.ts';
import { nameIn, ORIGIN_NAMES, tableName, WordsMistake, type Words } from '../../stack/routing/words.ts';
import type { IpCommand } from './options.ts';
import { mtuText, wordsText } from './route-text.ts';

interface Question {
  to?: Int32Array;
  family: 4 | 6;
  from?: Int32Array;
  iif?: Device;
  oif?: Device;
  pkt: PacketBuffer;
}

export function getRoute(command: IpCommand, words: Words): void {
  const question = readQuestion(command, words);
  const { to, from, pkt } = question;
  if (to === undefined) throw new WordsMistake('need at least a destination address', 1);
  [pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3] = to as unknown as [number, number, number, number];
  if (from !== undefined) {
    [pkt.src0, pkt.src1, pkt.src2, pkt.src3] = from as unknown as [number, number, number, number];
  }
  if (question.family === 4) get4(command, question);
  else get6(command, question);
}

function readQuestion(command: IpCommand, words: Words): Question {
  const question: Question = { family: command.family, pkt: new PacketBuffer() };
  let known = command.options.family;
  const address = () => {
    const read = words.address(known);
    known = question.family = read.family;
    return read.words;
  };
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'from':
        question.from = address();
        break;
      case 'iif':
        question.iif = command.device(words.next());
        break;
      case 'oif':
      case 'dev':
        question.oif = command.device(words.next());
        break;
      case 'mark':
        question.pkt.mark = words.number('mark', 0xffffffff) | 0;
        break;
      case 'ipproto': {
        const text = words.next();
        question.pkt.proto = text === 'tcp' ? IPPROTO_TCP : text === 'udp' ? IPPROTO_UDP : Number(text);
        break;
      }
      case 'sport':
        question.pkt.sport = words.number('sport', 65535);
        break;
      case 'dport':
        question.pkt.dport = words.number('dport', 65535);
        break;
      case 'to':
        question.to = address();
        break;
      default:
        words.back();
        question.to = address();
    }
  }
  return question;
}

/** What is refused is told as the kernel's error. */
function refused(route: Route | undefined): never {
  switch (route?.type) {
    case AddressType.BLACKHOLE:
      throw new NetlinkError('EINVAL');
    case AddressType.PROHIBIT:
      throw new NetlinkError('EACCES');
    case AddressType.UNREACHABLE:
      throw new NetlinkError('EHOSTUNREACH');
    default:
      throw new NetlinkError('ENETUNREACH');
  }
}

function get4(command: IpCommand, { pkt, from, iif, oif }: Question): void {
  const { host } = command;
  const { route4 } = host;
  const dst = pkt.dst0;

  if (iif !== undefined) {
    const kind = route4.input(pkt, iif);
    if (kind === InputRoute.UNREACHABLE) refused(route4.route);
    if (kind === InputRoute.REFUSED) throw new NetlinkError(from === undefined ? 'EINVAL' : 'EXDEV');
  } else {
    const isFound = route4.output(pkt, oif);
    if (!isFound) refused(route4.route);
  }
  const { route } = route4;
  const kind = host.addressType(4, dst, 0, 0, 0, 0);
  const isLocal = kind === AddressType.LOCAL;
  const device = isLocal ? host.devices.loopback : host.devices.at(pkt.oif)!;
  const type = isLocal
    ? 'local '
    : kind === AddressType.BROADCAST
      ? 'broadcast '
      : isMulticast4(dst)
        ? 'multicast '
        : '';
  const via =
    route?.hasGateway === true && !isLocal ? [`via ${wordsText(4, Int32Array.of(pkt.via0, 0, 0, 0))}`] : [];
  const table =
    route !== undefined && !host.routes4.hasFirstRules && route.table !== TABLE_MAIN && route.table !== 0
      ? [`table ${tableName(route.table)}`]
      : [];
  const source =
    iif === undefined && from === undefined
      ? [`src ${wordsText(4, Int32Array.of(route4.source, 0, 0, 0))}`]
      : [];
  const head = [
    `${type}${wordsText(4, Int32Array.of(dst, 0, 0, 0))}`,
    ...(from === undefined ? [] : [`from ${wordsText(4, from)}`]),
    ...via,
    `dev ${device.name}`,
    ...table,
    ...source,
    ...(pkt.mark === 0
      ? []
      : [`mark ${pkt.mark >>> 0 < 10 ? pkt.mark : `0x${(pkt.mark >>> 0).toString(16)}`}`]),
    ...(iif === undefined ? ['uid 0'] : []),
  ];
  const flags = isLocal
    ? '<local> '
    : kind === AddressType.BROADCAST
      ? '<local,brd> '
      : isMulticast4(dst)
        ? '<mc> '
        : '';
  const known = host.pathMtus.of(4, Int32Array.of(dst, 0, 0, 0));
  command.print([
    `${head.join(' ')} `,
    `    cache ${flags}${known === undefined ? ((route?.mtu ?? 0) === 0 ? '' : `mtu ${route!.mtu} `) : `mtu ${mtuText(known)} `}${iif === undefined ? '' : `iif ${iif.name} `}`,
  ]);
}

function get6(command: IpCommand, { to, pkt, from, iif, oif }: Question): void {
  const { host } = command;
  const { route6 } = host;
  const isFound =
    iif === undefined
      ? route6.output(pkt, oif ?? firstLink(command, to!))
      : route6.input(pkt, iif) !== InputRoute.UNREACHABLE;
  const { route } = route6;
  if (!isFound) refused(route);
  const isLocal = host.addressType(6, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, 0) === AddressType.LOCAL;
  const device = isLocal ? host.devices.loopback : host.devices.at(pkt.oif)!;
  const source = from === undefined ? route6.source(pkt) : undefined;
  const type = isLocal ? 'local ' : isMulticast6(to!) ? 'multicast ' : '';
  const isKernels = route === undefined || route.origin === 2;
  const parts = [
    `${type}${wordsText(6, to!)}`,
    `from ${from === undefined ? '::' : wordsText(6, from)}`,
    ...(route?.hasGateway === true
      ? [`via ${wordsText(6, Int32Array.of(pkt.via0, pkt.via1, pkt.via2, pkt.via3))}`]
      : []),
    `dev ${device.name}`,
    ...(isLocal || isMulticast6(to!) ? ['table local'] : []),
    ...(isKernels ? [`proto ${nameIn(ORIGIN_NAMES, 2)}`] : []),
    ...(source === undefined ? [] : [`src ${wordsText(6, source)}`]),
    `metric ${route?.metric ?? 256}`,
    'pref medium',
  ];
  command.print([parts.join(' ')]);
}

/** Link-local and multicast destinations mean something on one link only; the kernel takes the first. */
function firstLink(command: IpCommand, to: Int32Array): Device | undefined {
  const isOnLink = isMulticast6(to) || (to[0]! & 0xffc00000) === (0xfe800000 | 0);
  return isOnLink ? command.host.devices.all().find((one) => one.up && !one.isLoopback) : undefined;
}
