/** Somebody who looks at the page: Chromium without a screen, in which one types at the guest and at the gateway. */
import { spawnSync } from 'node:child_process';
import { chromium, type Browser, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const BOOT_MS = 400_000;
const ANSWER_MS = 120_000;
/** Of the guest's shell (guest/init.sh). */
const PROMPT = 'linux#';

/** Where the browser is; undefined when there is none. */
export function findChromium(): string | undefined {
  for (const name of NAMES) {
    const { status, stdout } = spawnSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  return undefined;
}

export class Visit {
  private readonly browser: Browser;
  readonly page: Page;
  /** What went wrong in the page. */
  readonly errors: string[] = [];

  private constructor(browser: Browser, page: Page) {
    this.browser = browser;
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(String(error)));
  }

  static async begin(executablePath: string, url: string): Promise<Visit> {
    // Its own sandbox does not work for root, nor in many containers; the page is ours.
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    const page = await browser.newPage({ viewport: { width: 1480, height: 860 } });
    const visit = new Visit(browser, page);
    await page.goto(url);
    return visit;
  }

  /** Waits until the guest has booted and has its address. */
  async booted(): Promise<void> {
    await this.shows(PROMPT, BOOT_MS);
  }

  /** Types a command at the guest's shell; what it prints. */
  async type(command: string): Promise<string> {
    const { page } = this;
    const mark = `done-${Math.floor(performance.now())}`;
    await page.locator('.xterm-helper-textarea').focus();
    // What is typed does not show the mark as the shell prints it.
    await page.keyboard.type(`clear; ${command}; echo ${mark.slice(0, 5)}""${mark.slice(5)}\n`);
    await this.shows(mark, ANSWER_MS);
    return (await page.locator('.xterm-rows > div').allTextContents()).join('\n').split(mark)[0]!;
  }

  /** Types a line at the gateway; what it says. */
  async command(line: string): Promise<string> {
    await this.page.locator('#line').fill(line);
    await this.page.locator('#line').press('Enter');
    // It is carried out at once; a promise later it is seen.
    await this.page.waitForTimeout(200);
    return (await this.page.locator('#answer').textContent()) ?? '';
  }

  private async shows(text: string, timeout: number): Promise<void> {
    await this.page.locator('.xterm-rows', { hasText: text }).waitFor({ timeout });
  }

  rules(): Promise<string[]> {
    return this.page.locator('.rule .text').allTextContents();
  }

  async screenshot(path: string): Promise<void> {
    await this.page.screenshot({ path });
  }

  async end(): Promise<void> {
    await this.browser.close();
  }
}
