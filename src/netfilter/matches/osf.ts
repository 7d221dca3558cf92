/**
 * `-m osf`: the operating system that a TCP SYN comes from, by its looks. Linux: xt_osf. The fingerprints are loaded into
 * Linux with `nfnl_osf`; until then, as here, no system is known and nothing matches. With `--log` Linux writes down even
 * so that it knows none; here nothing is written.
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { Hook } from '../hook.ts';
import { text, uint } from '../syntax/values/index.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';

const GENRE_MAX = 31;

class OsfTest implements MatchTest {
  test(): boolean {
    return false;
  }
}

export const osf = defineMatch({
  name: 'osf',
  about: 'the operating system that a SYN comes from: none is known',
  families: [4],
  protocols: [IPPROTO_TCP],
  hooks: [Hook.PREROUTING, Hook.INPUT, Hook.FORWARD],
  options: {
    genre: {
      value: { ...text(GENRE_MAX, 'name'), print: (value: string) => value },
      negate: true,
      required: true,
      about: 'name of the system, such as Linux',
    },
    ttl: {
      value: uint(0, 2),
      about: 'how the TTL is compared: 0 as in a local network, 1 less or equal, 2 not at all',
    },
    log: { value: uint(0, 2), about: 'what is logged: 0 all, 1 the first known, 2 all known' },
  },
  list: ({ genre }: { readonly genre?: Given<string> }) =>
    `OS fingerprint match ${genre!.not ? '! ' : ''}${genre!.value}`,
  create: () => new OsfTest(),
});
