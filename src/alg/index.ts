/**
 * Application-level gateways. `installHelpers` makes every helper known to connection tracking under the names that
 * `-j CT --helper` and nf_conntrack_helper know; which of their two kinds is at work is a setting (settings.ts).
 */
import { FlowTable } from './flow-table.ts';
import { LinuxFtp } from './ftp/linux.ts';
import { StrictFtp } from './ftp/strict.ts';
import type { AlgServices } from './services.ts';
import type { HelperSettings } from './settings.ts';

const FAMILIES = [4, 6] as const;

/** The helpers that are there, of those that rules may name. */
export const HELPER_NAMES: readonly string[] = ['ftp'];

/** Returns the flow table that the helpers fill. */
export function installHelpers(parts: Omit<AlgServices, 'flows'>, settings: HelperSettings): FlowTable {
  const flows = new FlowTable(parts.clock, parts.conntrack);
  const services: AlgServices = { ...parts, flows };
  const { helpers } = parts.conntrack;
  const Ftp = settings.mode === 'linux' ? LinuxFtp : StrictFtp;
  for (const family of FAMILIES) helpers.register(new Ftp(family, services, settings.ftp.loose));
  return flows;
}

export { FlowTable, type Flow, type FlowEvent } from './flow-table.ts';
export { DEFAULT_HELPERS, parseHelperSettings, type HelperSettings } from './settings.ts';
