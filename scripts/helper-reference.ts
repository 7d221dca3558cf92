/** The parts of docs/helpers.md that are derived from what the helpers declare (src/alg/helper-facts.ts). */
import { HELPER_FACTS, type HelperFacts } from '../src/alg/index.ts';
import type { ExpectPolicy } from '../src/netfilter/conntrack/helpers.ts';

/** Name of the marker, and what stands there. */
export function helperReference(): [name: string, content: string][] {
  const tables: [string, string][] = [
    ['helpers', helperTable()],
    ['limits', limitTable()],
  ];
  for (const { name, states } of HELPER_FACTS) {
    if (states !== undefined) tables.push([`states of ${name}`, stateTable(states)]);
  }
  return tables;
}

function helperTable(): string {
  const rows = HELPER_FACTS.map(({ name, transports, port, otherPorts = [], families, about, linux }) => {
    const ports = [port, ...otherPorts].join(', ');
    const where = transports.map((transport) => `${transport} ${port === 0 ? '–' : ports}`).join(', ');
    const versions = families.map((family) => `IPv${family}`).join(', ');
    return `| \`${name}\` | ${where} | ${versions} | ${about} | ${linux === '' ? '–' : linux} |`;
  });
  return ['| helper | usual port | over | reads | in Linux |', '| - | - | - | - | - |', ...rows].join('\n');
}

function limitTable(): string {
  const rows = HELPER_FACTS.flatMap((facts) => [
    ...pinholeRows(facts),
    ...(facts.limits ?? []).map(
      ([what, value, unit = '']) => `| \`${facts.name}\` | ${what} | ${`${value} ${unit}`.trim()} |`,
    ),
  ]);
  return ['| helper | limit | |', '| - | - | - |', ...rows].join('\n');
}

function pinholeRows({ name, policies, strictPolicies = policies }: HelperFacts): string[] {
  return policies.map((policy, i) => {
    const ofClass = policies.length === 1 ? '' : `, ${policy.name}`;
    const strict = strictPolicies[i]!;
    const isSame = strict.maxExpected === policy.maxExpected && strict.timeoutUs === policy.timeoutUs;
    const text = isSame ? pinholeText(policy) : `${pinholeText(strict)} (Linux: ${pinholeText(policy)})`;
    return `| \`${name}\` | pinholes of a connection at a time${ofClass} | ${text} |`;
  });
}

function pinholeText({ maxExpected, timeoutUs }: ExpectPolicy): string {
  return `${maxExpected === 0 ? 'any number' : maxExpected}, ${timeoutUs / 1_000_000} s each`;
}

function stateTable({ states }: NonNullable<HelperFacts['states']>): string {
  const rows = states.map(([name, enteredWith, pinholes]) => {
    return `| ${name === '' ? '–' : `\`${name}\``} | ${enteredWith} | ${pinholes} |`;
  });
  return ['| state | entered with | the pinholes |', '| - | - | - |', ...rows].join('\n');
}
