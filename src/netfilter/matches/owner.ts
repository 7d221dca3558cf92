/**
 * `-m owner`: whose socket sent the packet. Linux: xt_owner. Packets without a socket (REJECT's resets, IPv6 resets of closed
 * ports) match only where everything asked is inverted; the kernel's own sockets (ICMP, IPv4 resets) belong to nobody.
 */
import { defineMatch, type Given, type InfoOf, type MatchTest, type ValueType } from '../extension.ts';
import { Hook } from '../hook.ts';
import type { HostServices, SocketFacts } from '../host-services.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, parseUnsigned, type Range } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { GROUP_NAMES, USER_NAMES } from './account-names.ts';
import { isIn } from './u32-range.ts';

/** -1 means no user. */
const MAX_ID = 0xffff_fffe;

/** `name` or `id[-id]`. */
function accounts(names: ReadonlyMap<string, number>): ValueType<Range> {
  return {
    label: 'name|id[-id]',
    parse(words, use) {
      const word = words[0]!;
      const named = names.get(word);
      if (named !== undefined) return { low: named, high: named };
      const [from, to] = word.split('-');
      const low = parseUnsigned(from!);
      const high = to === undefined ? low : parseUnsigned(to);
      if (low < 0 || high < 0 || low > MAX_ID || high > MAX_ID)
        throw new ValueError(`owner: Bad value for "--${use.option}" option: "${word}"`);
      return { low, high };
    },
    print: ({ low, high }) => (low === high ? String(low) : `${low}-${high}`),
  };
}

const users = accounts(USER_NAMES);
const groups = accounts(GROUP_NAMES);

class OwnerTest implements MatchTest {
  private readonly host: HostServices;
  private readonly exists: Given<true> | null;
  private readonly user: Given<Range> | null;
  private readonly group: Given<Range> | null;
  private readonly supplementary: boolean;
  /** What a packet without a socket is told. */
  private readonly withoutSocket: boolean;

  constructor(info: Info, host: HostServices) {
    this.host = host;
    this.exists = info.exists ?? null;
    this.user = info.user ?? null;
    this.group = info.group ?? null;
    this.supplementary = info.supplementary !== undefined;
    // Everything asked must be negated, and --suppl-groups can't be.
    this.withoutSocket =
      !this.supplementary && [info.exists, info.user, info.group].every((given) => given?.not !== false);
  }

  test(pkt: PacketBuffer): boolean {
    const sender = this.host.senderOf?.(pkt) ?? null;
    if (sender === null) return this.withoutSocket;
    if (this.exists?.not === true) return false;
    const { user, group } = this;
    const { owner } = sender;
    if (user !== null && (owner !== null && isIn(owner.uid, user.value)) === user.not) return false;
    return group === null || (owner !== null && this.isInGroup(owner, group.value)) !== group.not;
  }

  private isInGroup(owner: NonNullable<SocketFacts['owner']>, wanted: Range): boolean {
    if (isIn(owner.gid, wanted)) return true;
    return this.supplementary && owner.groups.some((id) => isIn(id, wanted));
  }
}

const options = {
  exists: { value: flag, name: 'socket-exists', negate: true, about: 'there is a socket' },
  user: { value: users, name: 'uid-owner', negate: true, about: 'the user who owns it' },
  group: { value: groups, name: 'gid-owner', negate: true, about: 'the group that owns it' },
  supplementary: {
    value: flag,
    name: 'suppl-groups',
    about: "the user's supplementary groups count too; stands behind --gid-owner",
  },
} as const;

type Info = InfoOf<typeof options>;

function check(info: Info): void {
  const written = Object.keys(info);
  if (info.supplementary !== undefined) {
    const group = written.indexOf('group');
    if (group < 0 || group > written.indexOf('supplementary')) {
      throw new ValueError(
        'owner: Bad value for "--suppl-groups" option: "you need to use --gid-owner first"',
      );
    }
  }
  if (written.length === 0) {
    throw new ValueError('owner: At least one of --uid-owner, --gid-owner or --socket-exists is required');
  }
  for (const given of [info.user, info.group]) {
    if (given !== undefined && given.value.low > given.value.high)
      throw new ValueError('Invalid argument', 'REFUSED');
  }
}

function listAccounts(
  what: string,
  { value, not }: Given<Range>,
  names: ReadonlyMap<string, number>,
  numeric: boolean,
): string {
  const named =
    numeric || value.low !== value.high ? undefined : [...names].find(([, id]) => id === value.low);
  return `${not ? '! ' : ''}owner ${what} match ${named?.[0] ?? users.print(value, 4)}`;
}

function list(info: Info, numeric: boolean): string {
  const words: string[] = [];
  if (info.exists) words.push(`${info.exists.not ? '! ' : ''}owner socket exists`);
  if (info.user) words.push(listAccounts('UID', info.user, USER_NAMES, numeric));
  if (info.group) words.push(listAccounts('GID', info.group, GROUP_NAMES, numeric));
  if (info.supplementary) words.push('incl. suppl. groups');
  return words.join(' ');
}

export const owner = defineMatch({
  name: 'owner',
  about: 'whose socket sent the packet',
  hooks: [Hook.OUTPUT, Hook.POSTROUTING],
  options,
  check,
  list: (info, _family, numeric) => list(info, numeric),
  create: (info, { host }) => new OwnerTest(info, host),
});
