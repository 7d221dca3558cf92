/** Addresses as Node's APIs write them, and names that stand for them. */
import type { Family } from '../netfilter/hook.ts';
import { formatIp, parseIp } from '../wire/address.ts';
import type { NetErrorCode } from '../stack/tcp/errors.ts';

export interface Address {
  readonly family: Family;
  readonly words: Int32Array;
  /** Of a link-local address: the device behind the `%`. */
  readonly zone: string | undefined;
}

/** Names known in the simulated network, such as `{ 'shop.example': '10.0.0.2' }`. */
export type Hosts = Readonly<Record<string, string>>;

/** The address of a host name or an address in text; undefined when it is neither. */
export function resolve(host: string, hosts: Hosts): Address | undefined {
  const text = hosts[host] ?? (host === 'localhost' ? '127.0.0.1' : host);
  const [bare, zone] = text.split('%') as [string, string | undefined];
  const words = new Int32Array(4);
  const family = parseIp(bare, words);
  return family === 0 ? undefined : { family, words, zone };
}

export function textOf(family: number, words: Int32Array): string {
  return formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
}

/** As `net.Socket.remoteFamily` and `dgram`'s rinfo name families. */
export function familyName(family: number): 'IPv4' | 'IPv6' {
  return family === 4 ? 'IPv4' : 'IPv6';
}

/** Linux's numbers, which Node gives negated in `errno`. */
const ERRNO: Readonly<Record<NetErrorCode, number>> = {
  ECONNREFUSED: 111,
  ECONNRESET: 104,
  ECONNABORTED: 103,
  ETIMEDOUT: 110,
  EHOSTUNREACH: 113,
  ENETUNREACH: 101,
  ENOPROTOOPT: 92,
  EACCES: 13,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  EPIPE: 32,
  EPROTO: 71,
  EHOSTDOWN: 112,
  ENONET: 64,
  ENOTSUP: 95,
  EMSGSIZE: 90,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  EDESTADDRREQ: 89,
  EINVAL: 22,
};

/** An error as Node's own sockets make it: `connect ECONNREFUSED 10.0.0.2:80`. */
export function systemError(
  syscall: string,
  code: NetErrorCode | 'ENOTFOUND',
  address?: string,
  port?: number,
): NodeJS.ErrnoException {
  const where = address === undefined ? '' : port === undefined ? ` ${address}` : ` ${address}:${port}`;
  const error: NodeJS.ErrnoException = new Error(`${syscall} ${code}${where}`);
  if (code !== 'ENOTFOUND') error.errno = -ERRNO[code];
  return Object.assign(error, {
    code,
    syscall,
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
  });
}
