/**
 * A function that says what it calls: a method of an object, with arguments. What is to be done later (a timer's action, an
 * application's answer) can be written down and found again only so; of a closure nobody can see what it holds
 * (stack/state/).
 *
 *     clock.at(due, call(this, 'timeout', neighbour))      // this.timeout(neighbour)
 */

export interface CallParts {
  readonly owner: object;
  readonly method: string;
  readonly args: readonly unknown[];
}

export function call<M extends string, A extends unknown[]>(
  owner: Readonly<Record<M, (...args: A) => unknown>>,
  method: M,
  ...args: A
): () => void {
  return callOf({ owner, method, args }) as () => void;
}

/** The same from its parts. */
export function callOf({ owner, method, args }: CallParts): () => unknown {
  const target = owner as Record<string, (...all: readonly unknown[]) => unknown>;
  const [argument] = args;
  // Timers of connections are set for many packets: most calls have one argument, and none is spread.
  const made = args.length < 2 ? () => target[method]!(argument) : () => target[method]!(...args);
  return Object.assign(made, { owner, method, args });
}

/** What a function calls, if it says so. */
export function partsOf(action: unknown): CallParts | undefined {
  const { owner, method, args } = action as Partial<CallParts>;
  return owner !== undefined && method !== undefined && args !== undefined
    ? { owner, method, args }
    : undefined;
}
