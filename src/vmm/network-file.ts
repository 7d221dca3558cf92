/** The file of a guest network, YAML or JSON (docs/guest-networks.md). Every mistake is a SluiceError with its line. */
import { readConfigFile } from '../base/config-file.ts';
import { objectAt } from '../base/plain-object.ts';
import { readNetworkSettings, type NetworkPlan } from './network-settings.ts';

/** What may be said beside a file. */
export interface BesideFile {
  readonly template?: string | undefined;
  /** Names that are allowed, beside those of the file. */
  readonly allow?: readonly string[];
}

/** Throws SluiceError with file and line. */
export function parseNetworkFile(
  source: { readonly text: string; readonly file: string },
  beside: BesideFile = {},
): NetworkPlan {
  return readConfigFile(source, (file) => {
    const settings = objectAt(file.value ?? {}, 'network');
    return readNetworkSettings(withMore(settings, beside), file);
  });
}

/** Settings with what was said beside them. */
export function withMore(
  settings: Readonly<Record<string, unknown>>,
  { template, allow = [] }: BesideFile,
): Readonly<Record<string, unknown>> {
  const said = template === undefined ? settings : { ...settings, template };
  if (allow.length === 0) return said;
  const names = objectAt(settings['names'] ?? {}, 'names');
  const before = Array.isArray(names['allow']) ? (names['allow'] as readonly unknown[]) : [];
  return { ...said, names: { ...names, allow: [...before, ...allow] } };
}
