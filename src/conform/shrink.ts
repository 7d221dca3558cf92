/**
 * Makes a case that differs as small as it gets: rules and frames are left out as long as the two sides still differ.
 *
 * The way of delta debugging (Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing Input, 2002): halves,
 * quarters and so on are taken out, until no single piece can be.
 */
import type { KernelCase } from './kernel/ask.ts';

export type StillDiffers = (candidate: KernelCase) => Promise<boolean>;

export async function shrink(found: KernelCase, differs: StillDiffers, most = 400): Promise<KernelCase> {
  let asked = 0;
  let best = found;
  const attempt = async (candidate: KernelCase): Promise<boolean> => {
    if (asked >= most) return false;
    asked += 1;
    const does = await differs(candidate).catch(() => false);
    if (does) best = candidate;
    return does;
  };
  await minimise(best.input, (input) => attempt({ ...best, input }));
  for (const family of ['v4', 'v6'] as const) await shrinkRules(family);
  await minimise(best.input, (input) => attempt({ ...best, input }));
  return best;

  async function shrinkRules(family: 'v4' | 'v6'): Promise<void> {
    const text = best.rules[family];
    if (text === undefined) return;
    const withText = (v: string): Promise<boolean> =>
      attempt({ ...best, rules: { ...best.rules, [family]: v } });
    if (await withText('')) return;
    const lines = text.split('\n').filter((line) => line !== '');
    const rules = lines.flatMap((line, i) => (line.startsWith('-A') ? [i] : []));
    await minimise(rules, (kept) => {
      const keep = new Set(kept);
      return withText(asText(lines.filter((line, i) => !line.startsWith('-A') || keep.has(i))));
    });
    // Tables and user chains without rules, then conditions one by one.
    await minimise(sections(best.rules[family]!), (kept) => withText(kept.join('')));
    await minimise(
      linesOf(best.rules[family]!),
      (kept) => withText(asText(kept)),
      (line) => /^:\S+ -/.test(line),
    );
  }
}

function asText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** A table each. */
function sections(text: string): string[] {
  return text.split(/(?<=^COMMIT\n)/m).filter((section) => section !== '');
}

/** Keeps what `differs` needs; only items that may be left out are tried. */
async function minimise<T>(
  items: readonly T[],
  differs: (kept: readonly T[]) => Promise<boolean>,
  mayGo: (item: T) => boolean = () => true,
): Promise<void> {
  let kept = [...items];
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length;) {
      const without = kept.filter((item, i) => i < at || i >= at + size || !mayGo(item));
      if (without.length < kept.length && (await differs(without))) kept = without;
      else at += size;
    }
  }
}
