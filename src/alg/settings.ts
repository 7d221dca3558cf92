/**
 * `helpers` of the gateway file:
 *
 *     helpers: { mode: strict, ftp: { loose: false }, mgcp: { loose: false } }
 *
 * mode    strict: state machines on the reassembled stream, our own; linux: as the kernel's helpers behave, byte for byte
 * loose   ftp: data connections to a third host are allowed (nf_conntrack_ftp's module parameter of that name)
 *         mgcp: media may come from gateways that the agent names, which are third hosts
 */
import { booleanAt, choiceAt, objectAt, onlyKeys } from '../base/plain-object.ts';

const MODES = ['strict', 'linux'] as const;
export type HelperMode = (typeof MODES)[number];

interface Looseness {
  readonly loose: boolean;
}

export interface HelperSettings {
  readonly mode: HelperMode;
  readonly ftp: Looseness;
  readonly mgcp: Looseness;
}

export const DEFAULT_HELPERS: HelperSettings = {
  mode: 'strict',
  ftp: { loose: false },
  mgcp: { loose: false },
};

/** Reads the key `helpers` of a gateway file's object; throws SluiceError naming the place. */
export function parseHelperSettings(gateway: unknown): HelperSettings {
  const file = gateway === undefined || gateway === null ? {} : objectAt(gateway, 'gateway');
  const helpers = objectAt(file['helpers'] ?? {}, 'helpers');
  onlyKeys(helpers, 'helpers', ['mode', 'ftp', 'mgcp']);
  return {
    mode: choiceAt(helpers['mode'] ?? DEFAULT_HELPERS.mode, 'helpers.mode', MODES),
    ftp: loosenessAt(helpers, 'ftp'),
    mgcp: loosenessAt(helpers, 'mgcp'),
  };
}

function loosenessAt(helpers: Readonly<Record<string, unknown>>, name: 'ftp' | 'mgcp'): Looseness {
  const own = objectAt(helpers[name] ?? {}, `helpers.${name}`);
  onlyKeys(own, `helpers.${name}`, ['loose']);
  return { loose: booleanAt(own['loose'] ?? DEFAULT_HELPERS[name].loose, `helpers.${name}.loose`) };
}
