/** What the kernel answers to a change that it refuses (rtnetlink(7)): an error number, and sometimes a sentence. */
import { SluiceError } from '../../base/errors.ts';

const MESSAGES = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  EXDEV: 'Invalid cross-device link',
  ENODEV: 'No such device',
  EINVAL: 'Invalid argument',
  ELOOP: 'Too many levels of symbolic links',
  EOPNOTSUPP: 'Operation not supported',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ENETDOWN: 'Network is down',
  ENETUNREACH: 'Network is unreachable',
  EHOSTUNREACH: 'No route to host',
} as const;
export type NetlinkCode = keyof typeof MESSAGES;

export class NetlinkError extends SluiceError {
  /** What iproute2 prints. */
  readonly answer: string;
  /** The text of the error number alone. */
  readonly reason: string;

  /** @param extended - the kernel's own sentence, where it has one */
  constructor(code: NetlinkCode, extended?: string) {
    const answer = extended === undefined ? `RTNETLINK answers: ${MESSAGES[code]}` : `Error: ${extended}`;
    super(code, answer);
    this.name = 'NetlinkError';
    this.answer = answer;
    this.reason = MESSAGES[code];
  }
}
