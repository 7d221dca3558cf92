/** Pieces of SVG. Whatever comes from a lab file is escaped. */
export const COLOURS = {
  paper: '#ffffff',
  ink: '#1b1f24',
  faint: '#6a737d',
  cable: '#8b949e',
  switch: '#dbeafe',
  host: '#fef3d8',
  capture: '#e7e5f4',
  vm: '#dcf3e4',
  world: '#f6e2e2',
  frame: '#c4cad1',
} as const;

export function escaped(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export function text(x: number, y: number, content: string, anchor: string, fill: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}" xml:space="preserve">${escaped(content)}</text>`;
}

/** Text on a cable: the paper shows around it. */
export function label(x: number, y: number, content: string, anchor: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${COLOURS.faint}" font-size="11" stroke="${COLOURS.paper}" stroke-width="3" paint-order="stroke" xml:space="preserve">${escaped(content)}</text>`;
}

export function rect(
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  radius: number,
  style: string,
): string {
  return `<rect x="${round(box.x)}" y="${round(box.y)}" width="${round(box.width)}" height="${round(box.height)}" rx="${radius}" ${style}/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${style}/>`;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
