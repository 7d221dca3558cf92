/**
 * Sluice held against the running kernel: `sluice conform` and the tests in test/kernel.
 *
 *     rules, gateway, frames ─► KernelCase ─┬─► kernel/ask.ts  the kernel, in network namespaces ─► KernelAnswer ─┐
 *       (question.ts, case-files.ts,        └─► sluice.ts      a replay in this process          ─► KernelAnswer ─┤
 *        random/)                                                                                                 ▼
 *     what differs ◄─ explain.ts, shrink.ts ◄─ judge.ts ◄─────────────── compare.ts, but for what masks.ts hides ─┘
 *
 * The oracle shares no code with what it judges where that could hide a mistake: it has its own reader of gateway files,
 * its own maker of frames and its own decoder.
 */
export { formatAnswer } from './answer-lines.ts';
export {
  emptyTally,
  formatTally,
  runCampaign,
  type CampaignListener,
  type CampaignOptions,
  type CaseResult,
  type NamedCase,
  type Tally,
} from './campaign.ts';
export { loadCase, loadRecord, saveRecord } from './case-files.ts';
export { askKernel, type KernelAnswer, type KernelCase, type Step } from './kernel/ask.ts';
export { assertKernelAvailable, KernelUnavailable, missingForKernel } from './kernel/system.ts';
export { readQuestion, type QuestionFiles } from './question.ts';
export { ownCaptures, randomCases, type RandomPlan } from './random/index.ts';
