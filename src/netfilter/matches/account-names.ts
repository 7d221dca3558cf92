/**
 * Users and groups by name, as `-m owner` reads them: those that a Debian system is installed with (package base-passwd).
 * Others are written by number.
 */
const SHARED = {
  root: 0,
  daemon: 1,
  bin: 2,
  sys: 3,
  man: 12,
  lp: 7,
  mail: 8,
  news: 9,
  uucp: 10,
  proxy: 13,
  'www-data': 33,
  backup: 34,
  list: 38,
  irc: 39,
} as const;

export const USER_NAMES: ReadonlyMap<string, number> = new Map(
  Object.entries({ ...SHARED, sync: 4, games: 5, man: 6, _apt: 42, nobody: 65534 }),
);

export const GROUP_NAMES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...SHARED,
    adm: 4,
    tty: 5,
    disk: 6,
    kmem: 15,
    dialout: 20,
    fax: 21,
    voice: 22,
    cdrom: 24,
    floppy: 25,
    tape: 26,
    sudo: 27,
    audio: 29,
    dip: 30,
    operator: 37,
    src: 40,
    shadow: 42,
    utmp: 43,
    video: 44,
    sasl: 45,
    plugdev: 46,
    staff: 50,
    games: 60,
    users: 100,
    nogroup: 65534,
  }),
);
