/**
 * `-m ipvs`: properties of a connection of Linux's virtual server (IPVS). Linux: xt_ipvs. The simulated host has no virtual
 * servers, so no packet is IPVS's: `! --ipvs` alone matches every packet, anything else none.
 */
import { defineMatch, type Given, type InfoOf, type MatchTest, type ValueType } from '../extension.ts';
import type { Family } from '../hook.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, oneOf, parsePort, protocol, wholeAddress } from '../syntax/values/index.ts';

class IpvsTest implements MatchTest {
  private readonly answer: boolean;

  constructor(info: Info) {
    this.answer = info.ipvs?.not === true && asksOnlyForIpvs(info);
  }

  test(): boolean {
    return this.answer;
  }
}

const port: ValueType<number> = {
  label: 'port',
  parse: (words) => parsePort(words[0]!),
  print: String,
};

const options = {
  ipvs: { value: flag, negate: true, about: 'the packet belongs to an IPVS connection' },
  protocol: { value: protocol, name: 'vproto', negate: true, about: "the virtual service's protocol" },
  address: { value: wholeAddress, name: 'vaddr', negate: true, about: "the virtual service's address" },
  port: { value: port, name: 'vport', negate: true, about: "the virtual service's port" },
  direction: {
    value: oneOf(['ORIGINAL', 'REPLY'], { bad: () => 'Invalid value for --vdir' }),
    name: 'vdir',
    about: 'the direction of the packet within the connection',
  },
  method: {
    value: oneOf(['GATE', 'IPIP', 'MASQ'], { bad: () => 'Invalid value for --vmethod' }),
    name: 'vmethod',
    negate: true,
    about: 'how packets are forwarded to the real server',
  },
  control: {
    value: port,
    name: 'vportctl',
    negate: true,
    about: 'port of the controlling connection (21 for FTP)',
  },
} as const;

type Info = InfoOf<typeof options>;

function asksOnlyForIpvs(info: Info): boolean {
  return Object.keys(info).every((name) => name === 'ipvs');
}

function listVirtual(name: string, { value, not }: Given<unknown>, text: string): string {
  return value === undefined ? '' : `${not ? '! ' : ''}${name} ${text}`;
}

function words(info: Info, family: Family, dashes: string): string {
  const parts: string[] = [];
  if (info.ipvs && asksOnlyForIpvs(info)) parts.push(`${info.ipvs.not ? '! ' : ''}${dashes}ipvs`);
  if (info.protocol) parts.push(listVirtual(`${dashes}vproto`, info.protocol, String(info.protocol.value)));
  if (info.address)
    parts.push(listVirtual(`${dashes}vaddr`, info.address, wholeAddress.print(info.address.value, family)));
  if (info.port) parts.push(listVirtual(`${dashes}vport`, info.port, String(info.port.value)));
  if (info.direction) parts.push(`${dashes}vdir ${info.direction.value}`);
  if (info.method) parts.push(listVirtual(`${dashes}vmethod`, info.method, info.method.value));
  if (info.control) parts.push(listVirtual(`${dashes}vportctl`, info.control, String(info.control.value)));
  return parts.join(' ');
}

export const ipvs = defineMatch({
  name: 'ipvs',
  about: 'properties of an IPVS connection: there are none',
  options,
  check(info) {
    if (Object.keys(info).length === 0) throw new ValueError('IPVS: At least one option is required');
  },
  save: (info, family) => words(info, family, '--'),
  list: (info, family) => words(info, family, ''),
  create: (info) => new IpvsTest(info),
});
