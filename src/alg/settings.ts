/**
 * `helpers` of the gateway file:
 *
 *     helpers: { mode: strict, ftp: { loose: false }, sip: { loose: false }, mgcp: { loose: false } }
 *
 * mode    strict: state machines on the reassembled stream, our own; linux: as the kernel's helpers behave, byte for byte
 * loose   ftp: data connections to a third host are allowed (nf_conntrack_ftp's module parameter of that name)
 *         sip: media may be anybody's that an end names, and come from anybody, as of phones behind proxies (strict only)
 *         mgcp: media may come from gateways that the agent names, which are third hosts
 */
import { booleanAt, choiceAt, objectAt, onlyKeys } from '../base/plain-object.ts';

const MODES = ['strict', 'linux'] as const;
export type HelperMode = (typeof MODES)[number];

const LOOSENED = ['ftp', 'sip', 'mgcp'] as const;

interface Looseness {
  readonly loose: boolean;
}

export interface HelperSettings {
  readonly mode: HelperMode;
  readonly ftp: Looseness;
  readonly sip: Looseness;
  readonly mgcp: Looseness;
}

export const DEFAULT_HELPERS: HelperSettings = {
  mode: 'strict',
  ftp: { loose: false },
  sip: { loose: false },
  mgcp: { loose: false },
};

/** Of replays that only watch, whose rules let everything through: media are found wherever they are. */
export const WATCHING_HELPERS: HelperSettings = {
  ...DEFAULT_HELPERS,
  sip: { loose: true },
  mgcp: { loose: true },
};

/** Reads the key `helpers` of a gateway file's object; throws SluiceError naming the place. */
export function parseHelperSettings(gateway: unknown, defaults = DEFAULT_HELPERS): HelperSettings {
  const file = gateway === undefined || gateway === null ? {} : objectAt(gateway, 'gateway');
  const helpers = objectAt(file['helpers'] ?? {}, 'helpers');
  onlyKeys(helpers, 'helpers', ['mode', ...LOOSENED]);
  return {
    mode: choiceAt(helpers['mode'] ?? defaults.mode, 'helpers.mode', MODES),
    ftp: loosenessAt(helpers, 'ftp', defaults),
    sip: loosenessAt(helpers, 'sip', defaults),
    mgcp: loosenessAt(helpers, 'mgcp', defaults),
  };
}

function loosenessAt(
  helpers: Readonly<Record<string, unknown>>,
  name: (typeof LOOSENED)[number],
  defaults: HelperSettings,
): Looseness {
  const own = objectAt(helpers[name] ?? {}, `helpers.${name}`);
  onlyKeys(own, `helpers.${name}`, ['loose']);
  return { loose: booleanAt(own['loose'] ?? defaults[name].loose, `helpers.${name}.loose`) };
}
