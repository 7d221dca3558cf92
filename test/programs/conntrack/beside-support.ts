/** What conntrack-tools and ours print, made comparable. */

/** Some seconds pass while the questions are asked. */
const SLACK_SECONDS = 100;

/** Sorted, with what may differ replaced; the counters of all processors count as one line. */
export function sameLines(text: string): string[] {
  if (text.startsWith('cpu=')) return [sumOfProcessors(text)];
  return text
    .split('\n')
    .map((line) => line.replace(/\bid=\d+(?=$| labels)/, 'id=N').replace(/<id>\d+<\/id>/, '<id>N</id>'))
    .map((line) => line.replace(/(?<=^(?:ipv[46] +\d+ )?\w+ +\d+ |-t |<timeout>)\d+/, rounded))
    .sort();
}

function rounded(seconds: string): string {
  return String(Math.round((Number(seconds) + SLACK_SECONDS / 3) / SLACK_SECONDS));
}

function sumOfProcessors(text: string): string {
  const sums = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/(\w+)=(\d+)/g)) {
    if (name !== 'cpu') sums.set(name!, (sums.get(name!) ?? 0) + Number(value));
  }
  return [...sums].map(([name, value]) => `${name}=${value}`).join(' ');
}
