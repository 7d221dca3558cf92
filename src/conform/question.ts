/**
 * What the command line names, read into a question: rules, a gateway, captures on its interfaces or of both sides.
 *
 * Without a gateway, one stands between the two sides of the captures: `standardGateway` says which.
 */
import { VirtualClock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { SeededRng } from '../base/rng.ts';
import { makeNamedObjects } from '../netfilter/named-objects.ts';
import { makeObjects } from '../netfilter/object-settings.ts';
import { completeNames, namesFromRules } from '../replay/assumed-gateway.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import { parseRestore } from '../netfilter/syntax/restore.ts';
import type { InputSpec } from '../replay/merged-input.ts';
import { lookForInside } from '../replay/side-finder.ts';
import { readTextFile } from '../replay/text-file.ts';
import { addressToGateway, readFrames } from './captured.ts';
import type { KernelCase } from './kernel/ask.ts';
import { parseGateway, type Gateway } from './kernel/gateway-file.ts';
import type { Rules } from './kernel/session.ts';
import { mergeInputs } from './pcap.ts';
import { standardGateway } from './standard-gateway.ts';

export interface QuestionFiles {
  readonly rules?: string | undefined;
  readonly rules6?: string | undefined;
  readonly ipset?: string | undefined;
  readonly gateway?: string | undefined;
  /** Either all of them on interfaces, or none. */
  readonly inputs: readonly InputSpec[];
  /** Networks on the inside, for captures of both sides; found by looking when absent. */
  readonly inside?: readonly string[] | undefined;
}

export function readQuestion(files: QuestionFiles): KernelCase {
  const [v4, v6] = [files.rules, files.rules6].map((path) =>
    path === undefined ? null : readTextFile(path),
  );
  const rules: Rules = { ...(v4 ? { v4: v4.text } : {}), ...(v6 ? { v6: v6.text } : {}) };
  const described = files.gateway === undefined ? null : readGateway(files.gateway);
  const ipset = files.ipset === undefined ? undefined : readTextFile(files.ipset);
  const objects = makeNamedObjects(new VirtualClock());
  makeObjects(described, ipset, objects, new SeededRng(0));
  const withSets = (gateway: Gateway): Gateway =>
    ipset === undefined ? gateway : { ...gateway, sets: (gateway.sets ?? '') + ipset.text };
  const rulesets = [
    ...(v4 ? [parseRestore(v4.text, { family: 4, file: v4.file, objects })] : []),
    ...(v6 ? [parseRestore(v6.text, { family: 6, file: v6.file, objects })] : []),
  ];
  const { inputs } = files;
  const onInterfaces = inputs.filter(({ iface }) => iface !== null).length;
  if (onInterfaces !== 0 && onInterfaces !== inputs.length) {
    throw new SluiceError('USAGE', 'either every capture has an interface (--in IFACE=CAPTURE) or none has');
  }
  if (onInterfaces === 0) {
    const gateway = withSets(described ?? between(files, rulesets));
    return { rules, gateway, input: addressToGateway(inputs, rules, gateway, files.inside) };
  }
  if (described === null) {
    throw new SluiceError(
      'USAGE',
      'captures on interfaces (--in) need a description of the gateway (--gateway)',
    );
  }
  const gateway = withSets(described);
  const frames = inputs.map(({ iface, path }) => {
    const name = iface!;
    const { mac } = gateway.interfaces[name] ?? {};
    if (!Object.hasOwn(gateway.interfaces, name)) {
      throw new SluiceError('USAGE', `the gateway has no interface "${name}"`, { file: files.gateway });
    }
    return { iface: name, frames: readFrames(path, mac ?? 'ff:ff:ff:ff:ff:ff') };
  });
  return { rules, gateway, input: mergeInputs(frames) };
}

function readGateway(path: string): Gateway {
  const { text, file } = readTextFile(path);
  try {
    return parseGateway(text, file);
  } catch (error) {
    throw new SluiceError('GATEWAY', error instanceof Error ? error.message : String(error));
  }
}

function between({ inputs, inside }: QuestionFiles, rulesets: readonly Ruleset[]): Gateway {
  const networks = inside ?? [...new Set(inputs.flatMap(({ path }) => lookForInside(path)))];
  // Names as the rules have them, since the rules are to match.
  return standardGateway(networks, completeNames(namesFromRules(rulesets)));
}
