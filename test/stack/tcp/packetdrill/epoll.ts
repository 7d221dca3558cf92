/** epoll(7) of scripts, level and edge triggered: `epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 0) = 1`. */
import type { Descriptor } from './descriptors.ts';
import { WrongValue, type Outcome } from './outcome.ts';
import { ALWAYS, field, flagsOf, isOver, readiness, sameWords } from './poll.ts';
import { ScriptError } from './script.ts';
import type { Progress } from './world.ts';

interface Interest {
  readonly descriptor: Descriptor;
  readonly asked: ReadonlySet<string>;
  readonly isEdge: boolean;
  readonly isOneShot: boolean;
  /** Of edges: something happened since it was told last. */
  isWoken: boolean;
  isOff: boolean;
}

export class Epoll {
  private readonly interests = new Map<number, Interest>();

  control(operation: string, fd: number, descriptor: Descriptor, entry: string): Outcome {
    if (operation === 'EPOLL_CTL_DEL') return this.interests.delete(fd) ? 0 : 'ENOENT';
    const isThere = this.interests.has(fd);
    if (operation === 'EPOLL_CTL_ADD' && isThere) return 'EEXIST';
    if (operation === 'EPOLL_CTL_MOD' && !isThere) return 'ENOENT';
    const asked = new Set(flagsOf(entry, 'events').map(asPoll));
    if (asked.has('POLLEXCLUSIVE')) throw new ScriptError('EPOLLEXCLUSIVE is not known here');
    const interest: Interest = {
      descriptor,
      asked,
      isEdge: asked.has('POLLET'),
      isOneShot: asked.has('POLLONESHOT'),
      isWoken: true,
      isOff: false,
    };
    const wake = () => {
      interest.isWoken = true;
    };
    if (descriptor.connection === null) throw new ScriptError('epoll is known here for connections only');
    descriptor.connection.listener = { onReadable: wake, onWritable: wake, onEnd: wake, onClose: wake };
    this.interests.set(fd, interest);
    return 0;
  }

  /** One event at a time, as scripts ask for. */
  wait(entry: string, timeout: string, { since }: Progress, now: number): Outcome {
    for (const [fd, interest] of this.interests) {
      if (interest.isOff || (interest.isEdge && !interest.isWoken)) continue;
      const found = readiness(interest.descriptor).filter(
        (word) => interest.asked.has(word) || ALWAYS.has(word),
      );
      interest.isWoken = false;
      if (found.length === 0) continue;
      interest.isOff = interest.isOneShot;
      const expected = flagsOf(entry, 'events').map(asPoll);
      if (!sameWords(found, expected) || field(entry, 'fd') !== String(fd))
        throw new WrongValue(`events of ${fd} are ${found.join('|')}, not ${expected.join('|') || '0'}`);
      return 1;
    }
    return isOver(timeout, since, now) ? 0 : 'pending';
  }
}

/** EPOLLIN is POLLIN, and so on. */
function asPoll(word: string): string {
  return word.replace(/^E/, '');
}
