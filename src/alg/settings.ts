/**
 * `helpers` of the gateway file:
 *
 *     helpers: { mode: strict, ftp: { loose: false } }
 *
 * mode    strict: state machines on the reassembled stream, our own; linux: as the kernel's helpers behave, byte for byte
 * loose   FTP: data connections to a third host are allowed (nf_conntrack_ftp's module parameter of that name)
 */
import { booleanAt, choiceAt, objectAt, onlyKeys } from '../base/plain-object.ts';

const MODES = ['strict', 'linux'] as const;
export type HelperMode = (typeof MODES)[number];

export interface HelperSettings {
  readonly mode: HelperMode;
  readonly ftp: { readonly loose: boolean };
}

export const DEFAULT_HELPERS: HelperSettings = { mode: 'strict', ftp: { loose: false } };

/** Reads the key `helpers` of a gateway file's object; throws SluiceError naming the place. */
export function parseHelperSettings(gateway: unknown): HelperSettings {
  const file = gateway === undefined || gateway === null ? {} : objectAt(gateway, 'gateway');
  const helpers = objectAt(file['helpers'] ?? {}, 'helpers');
  onlyKeys(helpers, 'helpers', ['mode', 'ftp']);
  const ftp = objectAt(helpers['ftp'] ?? {}, 'helpers.ftp');
  onlyKeys(ftp, 'helpers.ftp', ['loose']);
  return {
    mode: choiceAt(helpers['mode'] ?? DEFAULT_HELPERS.mode, 'helpers.mode', MODES),
    ftp: { loose: booleanAt(ftp['loose'] ?? DEFAULT_HELPERS.ftp.loose, 'helpers.ftp.loose') },
  };
}
