/** The audit log as it comes, newest first: who went where, what was refused by which rule, lines of LOG rules. */
import type { AuditEntry, AuditLog } from 'sluice/browser';

const MOST_LINES = 200;

export class LogView {
  private readonly root: HTMLElement;

  constructor(root: HTMLElement) {
    this.root = root;
  }

  follow(audit: AuditLog): void {
    audit.watch((line) => this.add(JSON.parse(line) as AuditEntry & { readonly time: string }));
  }

  private add({ time, event, ...rest }: AuditEntry & { readonly time: string }): void {
    const row = document.createElement('div');
    row.className = event;
    const words = Object.entries(rest).map(([key, value]) =>
      key === 'text' ? String(value) : `${key}=${String(value)}`,
    );
    row.textContent = `${time.slice(11, 19)} ${event} ${words.join(' ')}`;
    this.root.prepend(row);
    if (this.root.childElementCount > MOST_LINES) this.root.lastElementChild!.remove();
  }
}
