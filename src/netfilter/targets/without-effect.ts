/**
 * Targets whose effects lie outside packets, on things that the simulated host has not got: the audit log (AUDIT), LEDs (LED),
 * timers that programs watch (IDLETIMER), labels of a security module (SECMARK, CONNSECMARK), checksums that a network card
 * has yet to fill in (CHECKSUM). Rules with them are read, checked and printed; packets go on unchanged.
 */
import type { TargetAction } from '../extension.ts';
import { Verdict } from '../verdict.ts';

class PassOn implements TargetAction {
  run(): number {
    return Verdict.CONTINUE;
  }
}

export const PASS_ON: TargetAction = new PassOn();
