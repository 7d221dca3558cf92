/** Where in a saved state an object stands: the way to it from the root, such as `hosts.a.tcp.table`. For complaints. */
import type { SavedObject, SavedValue } from './format.ts';

export function pathTo(number: number, saved: readonly SavedObject[]): string {
  const from = new Map<number, readonly [number, string]>();
  const seen = [0];
  // The shortest way; what is found is put behind.
  for (const at of seen) {
    for (const [name, to] of partsIn(saved[at]!)) {
      if (to === 0 || from.has(to)) continue;
      from.set(to, [at, name]);
      seen.push(to);
    }
    if (from.has(number)) break;
  }
  const path: string[] = [];
  for (let step = from.get(number); step !== undefined; step = from.get(step[0])) path.unshift(step[1]);
  return path.join('.');
}

export function isReference(value: SavedValue): value is readonly ['ref', number] {
  return Array.isArray(value) && value[0] === 'ref';
}

/** What an object refers to: names and numbers. */
function partsIn(one: SavedObject): (readonly [string, number])[] {
  const parts: (readonly [string, number])[] = [];
  const add = (name: string, value: SavedValue | undefined) => {
    if (value !== undefined && isReference(value)) parts.push([name, value[1]]);
  };
  switch (one.kind) {
    case 'object':
      for (let i = 0; i < one.fields.length; i += 2) add(String(one.fields[i]), one.fields[i + 1]);
      break;
    case 'map':
      for (let i = 0; i < one.items.length; i += 2) {
        add(`key ${i / 2}`, one.items[i]);
        add(Array.isArray(one.items[i]) ? `value ${i / 2}` : String(one.items[i]), one.items[i + 1]);
      }
      break;
    case 'array':
    case 'set':
    case 'weakmap':
    case 'weakset':
      one.items.forEach((item, i) => add(String(i), item));
      break;
    case 'call':
      parts.push(['owner', one.owner]);
      one.args.forEach((arg, i) => add(`argument ${i}`, arg));
      break;
    case 'view':
      parts.push(['memory', one.memory]);
      break;
    default:
  }
  return parts;
}
