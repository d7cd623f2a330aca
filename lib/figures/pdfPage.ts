/**
 * Cuts a one-page PDF to its exact size, at the right and at the bottom: Chromium rounds the page up by as much as a point.
 * The page's box has a new length then, so the table of object positions is moved along.
 *
 * @param pdf     as Chromium writes it (a plain table at the end); any other is returned as it is
 * @param width   points, not larger than the page
 * @param height  points, not larger than the page
 */
export function cutPage(pdf: Uint8Array, width: number, height: number): Uint8Array {
  const text = Buffer.from(pdf).toString("latin1");
  const box = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(text);
  const table = text.lastIndexOf("\nxref\n");
  if (!box || table < box.index) return pdf;
  const top = Number(box[2]);
  const cut = `/MediaBox [0 ${points(Math.max(0, top - height))} ${points(Math.min(Number(box[1]), width))} ${points(top)}]`;
  const moved = cut.length - box[0].length;
  const shift = (position: string): number => Number(position) + (Number(position) > box.index ? moved : 0);
  const body = text.slice(0, box.index) + cut + text.slice(box.index + box[0].length, table);
  const end = text
    .slice(table)
    .replace(/^(\d{10})(?= \d{5} n)/gm, (position) => String(shift(position)).padStart(10, "0"))
    .replace(/(?<=startxref\n)\d+/, (position) => String(shift(position)));
  return Buffer.from(body + end, "latin1");
}

const points = (value: number): string => String(Number(value.toFixed(3)));
