/** What both of FTP's helpers declare. Source: nf_conntrack_ftp. */
import { LOWEST_PORT, type HelperFacts } from '../helper-facts.ts';
import { MAX_LINE } from '../line-reader.ts';
import { FtpState } from './states.ts';

/** Commands whose replies are still to come; what is sent ahead beyond is not kept count of. */
export const MAX_PENDING = 64;
export const FTP: HelperFacts = {
  name: 'ftp',
  families: [4, 6],
  transports: ['tcp'],
  port: 21,
  about: 'data connections of FTP (RFC 959, 2428, 4217)',
  linux: 'nf_conntrack_ftp, nf_nat_ftp',
  // One data connection at a time, which has to come within five minutes.
  policies: [{ name: 'ftp', maxExpected: 1, timeoutUs: 300_000_000 }],
  limits: [
    { what: 'a line that is read', value: MAX_LINE, unit: 'bytes' },
    { what: 'commands sent ahead of their replies', value: MAX_PENDING, unit: '' },
    LOWEST_PORT,
  ],
  states: {
    of: 'the negotiation of one data connection',
    states: [
      { name: FtpState.OPENING, enteredWith: 'PORT, EPRT, PASV or EPSV', pinholes: '–' },
      {
        name: FtpState.OPENED,
        enteredWith: 'the positive reply: 200, 227 or 229',
        pinholes: 'opened now for PASV and EPSV',
      },
      {
        name: FtpState.CMD_SENT,
        enteredWith: 'RETR, STOR, STOU, APPE, LIST, NLST, MLSD',
        pinholes: 'opened now for PORT and EPRT',
      },
      { name: FtpState.EXEC_STARTED, enteredWith: 'a preliminary reply (150)', pinholes: '–' },
      { name: FtpState.EXEC_COMP, enteredWith: 'a positive reply (226, 250)', pinholes: 'closed' },
      {
        name: FtpState.GONE,
        enteredWith: 'a negative reply, or another negotiation, any time',
        pinholes: 'closed; there is no entry any more',
      },
    ],
  },
};
