/** Why a connection ended, under the names of errno that programs know. */
const TEXTS = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  ECONNABORTED: 'connection aborted',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ENOPROTOOPT: 'protocol not available',
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EPIPE: 'broken pipe',
  EPROTO: 'protocol error',
  EHOSTDOWN: 'host is down',
  ENONET: 'machine is not on the network',
  // Linux's EOPNOTSUPP, by the name that Node gives the same number.
  ENOTSUP: 'operation not supported',
  EMSGSIZE: 'message too long',
  ENOBUFS: 'no buffer space available',
  EISCONN: 'already connected',
  ENOTCONN: 'not connected',
  EDESTADDRREQ: 'destination address required',
  EINVAL: 'invalid argument',
} as const;

export type NetErrorCode = keyof typeof TEXTS;

export class NetError extends Error {
  readonly code: NetErrorCode;

  constructor(code: NetErrorCode) {
    super(TEXTS[code]);
    this.name = 'NetError';
    this.code = code;
  }
}
