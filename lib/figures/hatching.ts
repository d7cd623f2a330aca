/** A square tile of a pattern: its ground, and lines a·x + b·y = c through it that recur in every tile. */
interface Tile {
  readonly size: number;
  readonly ground: string;
  readonly stroke: string;
  readonly lines: readonly { readonly a: number; readonly b: number; readonly c: number }[];
}

/**
 * The patterns in the bars of an SVG by Plotly, drawn as lines: Chromium paints SVG patterns into a bitmap when it prints.
 * Bars are rectangles; the lines end within them.
 */
export function hatched(svg: string): string {
  const tiles = new Map<string, Tile>();
  return svg
    .replace(
      /<pattern id="([^"]+)" width="([\d.]+)px"[^>]*>(.*?)<\/pattern>/gs,
      (_, id: string, size: string, inside: string) => {
        tiles.set(id, tileOf(Number(size), inside));
        return "";
      },
    ) // prettier-ignore
    .replace(/<path [^>]*pattern_filled[^>]*\/>/g, (bar) => {
      const fill = /fill: url\(['"]?#([^'")]+)['"]?\)/;
      const tile = tiles.get(fill.exec(bar)?.[1] ?? "");
      if (!tile) return bar;
      const transform = / transform="[^"]*"/.exec(bar)?.[0] ?? "";
      const path = linesWithin(tile, rectangleOf(/ d="([^"]*)"/.exec(bar)?.[1] ?? ""));
      return `${bar.replace(fill, `fill: ${tile.ground}`)}<path d="${path}"${transform} fill="none" ${tile.stroke}/>`;
    });
}

function tileOf(size: number, inside: string): Tile {
  const [, ground] = /<rect[^>]* fill="([^"]+)"/.exec(inside) ?? ["", "none"];
  const [, d, stroke] = /<path d="([^"]+)" ([^/]*)\/>/.exec(inside) ?? ["", "", ""];
  const segments = [...d.matchAll(/M([-\d.]+),([-\d.]+)([lL])([-\d.]+),([-\d.]+)/g)].map((match) => {
    const [x, y, u, v] = [match[1], match[2], match[4], match[5]].map(Number);
    const [dx, dy] = match[3] === "l" ? [u, v] : [u - x, v - y];
    const [a, b] = dy === 0 ? [0, 1] : dx === 0 ? [1, 0] : [1, dx * dy < 0 ? 1 : -1];
    return { a, b, c: a * x + b * y };
  });
  const lines = segments.filter(({ a, b }, i) => segments.findIndex((one) => one.a === a && one.b === b) === i);
  return { size, ground, stroke, lines };
}

interface Rectangle {
  readonly x: readonly [low: number, high: number];
  readonly y: readonly [low: number, high: number];
}

/** Width of a bar's edge, which the lines leave free, px. */
const EDGE = 0.8;

function rectangleOf(d: string): Rectangle {
  const numbers = (pattern: RegExp): number[] => [...d.matchAll(pattern)].map((match) => Number(match[1]));
  const inside = (values: readonly number[]): [number, number] => [Math.min(...values) + EDGE, Math.max(...values) - EDGE]; // prettier-ignore
  return { x: inside(numbers(/[MH]([-\d.]+)/g)), y: inside(numbers(/(?:M[-\d.]+,|V)([-\d.]+)/g)) };
}

function linesWithin({ size, lines }: Tile, { x: [left, right], y: [top, bottom] }: Rectangle): string {
  const at = (value: number): string => String(Number(value.toFixed(2)));
  return lines.flatMap(({ a, b, c }) => {
    const corners = [left, right].flatMap((x) => [top, bottom].map((y) => a * x + b * y));
    const first = Math.ceil((Math.min(...corners) - c) / size);
    const last = Math.floor((Math.max(...corners) - c) / size);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
      const offset = c + (first + i) * size;
      if (b === 0) return `M${at(offset)},${at(top)}V${at(bottom)}`;
      if (a === 0) return `M${at(left)},${at(offset)}H${at(right)}`;
      const [from, to] = [offset - b * top, offset - b * bottom].sort((p, q) => p - q);
      const [start, end] = [Math.max(left, from), Math.min(right, to)];
      return start < end ? `M${at(start)},${at(b * (offset - start))}L${at(end)},${at(b * (offset - end))}` : "";
    });
  }).join(""); // prettier-ignore
}
