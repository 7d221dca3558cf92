/** The gateway of a gateway file, standing alone: to try rules, routes and addresses on. Nothing is plugged into it. */
import { installHelpers, parseHelperSettings } from '../../alg/index.ts';
import { VirtualClock } from '../../base/clock.ts';
import type { ConfigFile } from '../../base/config-file.ts';
import { SeededRng } from '../../base/rng.ts';
import type { Family } from '../../netfilter/hook.ts';
import type { LogSink } from '../../netfilter/log.ts';
import { makeObjects } from '../../netfilter/object-settings.ts';
import { parseRestore } from '../../netfilter/syntax/index.ts';
import { parseHostConfig } from '../../stack/config.ts';
import { Gateway } from '../../stack/gateway.ts';
import { LiveInstance } from './instance.ts';

export interface RulesText {
  readonly family: Family;
  readonly text: string;
  readonly file: string;
}

const SILENT: LogSink = { wanted: false, line: () => {} };
const SEED = 1;

/** Throws SluiceError, naming the line. */
export function gatewayInstance(config: ConfigFile, rules: readonly RulesText[]): LiveInstance {
  const clock = new VirtualClock(Date.now() * 1000);
  const rng = new SeededRng(SEED);
  try {
    const gateway = new Gateway(parseHostConfig(config.value), {
      clock,
      rng,
      log: SILENT,
      sink: { frame: () => {} },
    });
    const { conntrack, nat, sequences, host: networks } = gateway;
    const flows = installHelpers(
      { clock, rng, log: SILENT, conntrack, nat, sequences, networks },
      parseHelperSettings(config.value),
    );
    const { objects } = gateway;
    makeObjects(config.value, undefined, objects, rng);
    for (const { text, ...from } of rules) gateway.load(parseRestore(text, { ...from, objects }));
    return new LiveInstance({
      kind: 'gateway',
      clock,
      nodes: [{ kind: 'host', name: 'gateway', gateway, flows }],
    });
  } catch (error) {
    throw config.locate(error);
  }
}
