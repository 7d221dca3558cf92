/**
 * Programs that ask for what may take its time (standard input, the addresses of a name), and yet run where nothing may: in
 * a lab's step no real time passes. Such a program is a generator that yields what it has to wait for, and only that:
 * `whenAnswered` waits; `atOnce` is for callers whose every answer is at hand.
 */
export type Asking<T> = Generator<Promise<unknown>, T, unknown>;

/** What was asked for, within a program: `const text = yield* answer(io.readInput())`. */
export function* answer<T>(asked: T | Promise<T>): Asking<T> {
  return asked instanceof Promise ? ((yield asked) as T) : asked;
}

/** Runs a program to its end. */
export async function whenAnswered<T>(program: Asking<T>): Promise<T> {
  let step = program.next();
  while (!step.done) {
    const answered = await Promise.resolve(step.value).then(
      (value) => () => program.next(value),
      (error: unknown) => () => program.throw(error),
    );
    step = answered();
  }
  return step.value;
}

/** Runs a program that has to wait for nothing. */
export function atOnce<T>(program: Asking<T>): T {
  const step = program.next();
  if (!step.done) throw new Error('a program waits where nothing may');
  return step.value;
}
