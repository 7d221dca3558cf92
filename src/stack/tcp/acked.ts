/** What one acknowledgement brought, gathered while it is worked through. One instance is reused for all. */
export class Acked {
  /** The acknowledged sequence number before it. */
  priorUna = 0;
  priorInFlight = 0;
  priorDelivered = 0;
  priorLost = 0;
  /** Something was acknowledged selectively before, up to there. */
  hadSacked = false;
  priorHighest = 0;
  /** SND.UNA moved. */
  advanced = false;
  /** Data, or a SYN or FIN, was acknowledged in order. */
  newlyAcked = 0;
  newlySacked = 0;
  /** Among it was something sent more than once. */
  hadRetransmitted = false;
  /** Something sent only once, before the loss, was acknowledged: the timeout was none (F-RTO). */
  originalsSacked = false;
  /** It carried data, or changed the window, or the like: no duplicate (RFC 5681 section 2). */
  isDuplicate = false;
  sawDuplicate = false;
  sawProbeTwice = false;
  hasEce = false;
  /** Start of the lowest segment that was overtaken. */
  lowestReordered: number | null = null;
  /** When the first and the last newly acknowledged segment were sent, and the first selectively acknowledged. */
  hasFirst = false;
  firstSent = 0;
  lastSent = 0;
  hasSacked = false;
  sackedSent = 0;

  reset(): void {
    this.priorLost = 0;
    this.advanced = false;
    this.newlyAcked = 0;
    this.newlySacked = 0;
    this.hadRetransmitted = false;
    this.originalsSacked = false;
    this.isDuplicate = false;
    this.sawDuplicate = false;
    this.sawProbeTwice = false;
    this.hasEce = false;
    this.lowestReordered = null;
    this.hasFirst = false;
    this.hasSacked = false;
  }

  noteReordered(start: number): void {
    if (this.lowestReordered === null || ((start - this.lowestReordered) | 0) < 0)
      this.lowestReordered = start;
  }

  noteSackRtt(sent: number): void {
    if (this.hasSacked) return;
    this.hasSacked = true;
    this.sackedSent = sent;
  }

  noteRtt(sent: number): void {
    this.lastSent = sent;
    if (this.hasFirst) return;
    this.hasFirst = true;
    this.firstSent = sent;
  }
}
