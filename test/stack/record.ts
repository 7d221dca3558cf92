/**
 * Asks the running kernel what it does in every scenario and writes golden/kernel-answers.json. Needs root:
 *
 *     npx tsx test/stack/record.ts [WORDS OF A NAME]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { askKernel } from '../../src/conform/kernel/ask.ts';
import { comparable, gatewayOf, type Answer } from './run.ts';
import { SCENARIOS, SLOW_SCENARIOS, type Scenario } from './scenarios/index.ts';

const FILE = fileURLToPath(new URL('./golden/kernel-answers.json', import.meta.url));
/** A rule that needs connection tracking, and decides nothing. */
const TRACKING_RULES = '*filter\n-A FORWARD -m conntrack --ctstate INVALID -j ACCEPT\nCOMMIT\n';

export async function askScenario(scenario: Scenario): Promise<Answer> {
  const rules = scenario.tracked === true ? { v4: TRACKING_RULES, v6: TRACKING_RULES } : {};
  const input = scenario.steps.map((step) => ('wait' in step ? step : { ...step, time: 0 }));
  const { packets, summary } = await askKernel({ rules, gateway: gatewayOf(scenario) as never, input });
  let n = 0;
  const late = [...summary.timers];
  return scenario.steps.map((step) => {
    if ('wait' in step) {
      const mine = late.filter(({ after }) => after === n);
      return comparable(mine.map(({ iface, frame }) => `${iface} ${frame}`));
    }
    return comparable(packets[n++]!.out.map(({ iface, frame }) => `${iface} ${frame}`));
  });
}

async function main(): Promise<void> {
  const words = process.argv.slice(2).join(' ');
  const all = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Answer>;
  const wanted = (scenario: Scenario) => scenario.name.includes(words);
  const slow = SLOW_SCENARIOS.filter(wanted).map(async (scenario) => {
    all[scenario.name] = await askScenario(scenario);
  });
  for (const scenario of SCENARIOS.filter(wanted)) all[scenario.name] = await askScenario(scenario);
  await Promise.all(slow);
  const names = new Set([...SCENARIOS, ...SLOW_SCENARIOS].map(({ name }) => name));
  const kept = Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
  writeFileSync(FILE, `${JSON.stringify(kept, null, 1)}\n`);
}

await main();
