/** What both of FTP's helpers declare. Source: nf_conntrack_ftp. */
import { FIVE_MINUTES_US, LOWEST_PORT, type HelperFacts } from '../helper-facts.ts';
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
  policies: [{ name: 'ftp', maxExpected: 1, timeoutUs: FIVE_MINUTES_US }],
  limits: [
    ['a line that is read', MAX_LINE, 'bytes'],
    ['commands sent ahead of their replies', MAX_PENDING],
    LOWEST_PORT,
  ],
  states: {
    of: 'the negotiation of one data connection',
    states: [
      [FtpState.OPENING, 'PORT, EPRT, PASV or EPSV', '–'],
      [FtpState.OPENED, 'the positive reply: 200, 227 or 229', 'opened now for PASV and EPSV'],
      [FtpState.CMD_SENT, 'RETR, STOR, STOU, APPE, LIST, NLST, MLSD', 'opened now for PORT and EPRT'],
      [FtpState.EXEC_STARTED, 'a preliminary reply (150)', '–'],
      [FtpState.EXEC_COMP, 'a positive reply (226, 250)', 'closed'],
      [
        FtpState.GONE,
        'a negative reply, or another negotiation, any time',
        'closed; there is no entry any more',
      ],
    ],
  },
};
