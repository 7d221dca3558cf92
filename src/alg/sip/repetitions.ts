/**
 * What each end of a call said last, to know it when it comes again (RFC 3261 17: over UDP a message is repeated until
 * somebody answers). As tshark counts them: requests but ACK and CANCEL, and final responses.
 */
import type { SipHead } from './grammar.ts';

class Said {
  method = '';
  cseq = -1;
  code = -1;

  /** Notes it; true where it was noted before. */
  note({ method, cseq, code }: SipHead): boolean {
    if (method === this.method && cseq === this.cseq && code === this.code) return true;
    this.method = method;
    this.cseq = cseq;
    this.code = code;
    return false;
  }
}

export class Repetitions {
  /** By side. */
  private readonly requests = [new Said(), new Said()] as const;
  private readonly responses = [new Said(), new Said()] as const;

  isAgain(side: 0 | 1, head: SipHead): boolean {
    const { method, code } = head;
    if (code > 0) return code >= 200 && this.responses[side].note(head);
    return method !== 'ACK' && method !== 'CANCEL' && this.requests[side].note(head);
  }
}
