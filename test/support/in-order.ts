/**
 * For suites whose tests go on from where the one before left things: behind one that failed the rest of the suite is skipped.
 * Mocha's own `bail` would skip the whole suite for a failure anywhere before it.
 */
export function inOrder(): void {
  let hasFailed = false;
  beforeEach(function () {
    if (hasFailed) this.skip();
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') hasFailed = true;
  });
}
