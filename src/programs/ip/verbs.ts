/** The first word behind `ip neigh` and `ip route`: what is to be done with entries of a table. */
import type { Words } from '../../stack/routing/words.ts';
import { takeVerb, unknownCommand, type IpCommand } from './options.ts';

type Action = (command: IpCommand, words: Words) => void;

export interface TableVerbs<Mode extends string> {
  /** As messages name the object. */
  readonly object: string;
  /** In the order in which a beginning of one is completed. */
  readonly verbs: readonly string[];
  readonly show: Action;
  readonly get: Action;
  readonly remove: Action;
  readonly flush: Action;
  /** All that makes or changes an entry. */
  readonly set: (command: IpCommand, words: Words, mode: Mode) => void;
}

/** Without a word, shows. */
export function runVerb<Mode extends string>(
  { object, verbs, ...actions }: TableVerbs<Mode>,
  command: IpCommand,
  words: Words,
): void {
  const word = words.peek;
  const verb = words.isEmpty ? 'show' : takeVerb(words, verbs);
  switch (verb) {
    case 'show':
    case 'lst':
    case 'list':
      return actions.show(command, words);
    case 'get':
      return actions.get(command, words);
    case 'delete':
      return actions.remove(command, words);
    case 'flush':
      return actions.flush(command, words);
    case undefined:
      return unknownCommand(word, object);
    default:
      return actions.set(command, words, (verb === 'chg' ? 'change' : verb) as Mode);
  }
}
