/** `forward`, `forward add FORWARD…`, `forward remove FORWARD…`: ports of this machine that lead to guests. */
import { formatForward, parseForward, type PortForwards } from '../../vmm/index.ts';

/** Throws RangeError for words that it does not understand. */
export async function forward(
  forwards: PortForwards,
  [what, ...words]: readonly string[],
  say: (text: string) => void,
): Promise<number> {
  if (what === undefined) {
    for (const one of forwards.list()) say(`${formatForward(one)}\n`);
    return 0;
  }
  if ((what !== 'add' && what !== 'remove') || words.length === 0)
    throw new RangeError('forward: "add FORWARD…", "remove FORWARD…", or nothing for a list');
  const wanted = words.map((word) => parseForward(word));
  for (const one of wanted) {
    if (what === 'add') say(`${formatForward(await forwards.add(one))}\n`);
    else if (!(await forwards.remove(formatForward(one))))
      throw new RangeError(`forward: there is no ${formatForward(one)}`);
  }
  return 0;
}
