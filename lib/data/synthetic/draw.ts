import { readFileSync } from "node:fs";
import { parse, type Font, type PathCommand } from "opentype.js";

/**
 * SVG of the demo's pictures. Labels are outlines of the bundled DejaVu fonts: the same on every machine, and much
 * faster to render than SVG text.
 */
export const WIDTH = 280;
export const HEIGHT = 210;
export const COLOURS = ["#4c78a8", "#f58518", "#54a24b", "#e45756", "#8e6fb0", "#3fa7a0"] as const;
export const INK = "#2b2f36";
export const FAINT = "#d5d9e0";

interface TextOptions {
  readonly size?: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly bold?: boolean;
  readonly fill?: string;
}

/** @param y of the base line */
export function text(x: number, y: number, content: string | number, options: TextOptions = {}): string {
  const { size = 11, anchor = "middle", bold = false, fill = INK } = options;
  const glyphs = [...String(content)].map((character) => glyphOf(character, size, bold));
  const width = glyphs.reduce((sum, { advance }) => sum + advance, 0);
  let at = x - { start: 0, middle: 0.5, end: 1 }[anchor] * width;
  const outlines = glyphs.map(({ outline, advance }) => {
    const placed = path(outline, fill, `transform="translate(${px(at)} ${px(y)})"`);
    at += advance;
    return placed;
  });
  return outlines.join("");
}

interface Glyph {
  readonly outline: string;
  readonly advance: number;
}

const fonts = new Map<string, Font>();
const glyphs = new Map<string, Glyph>();

function glyphOf(character: string, size: number, bold: boolean): Glyph {
  const key = `${character} ${size} ${bold}`;
  const known = glyphs.get(key);
  if (known) return known;
  const font = fontOf(bold ? "DejaVuSans-Bold" : "DejaVuSans");
  const glyph = font.charToGlyph(character);
  const outline = glyph.getPath(0, 0, size).commands.map(segment).join("");
  const made = { outline, advance: ((glyph.advanceWidth ?? 0) * size) / font.unitsPerEm };
  glyphs.set(key, made);
  return made;
}

/** opentype.js writes NaN for numbers such as 1e-15, so its commands become SVG here. */
function segment(command: PathCommand): string {
  switch (command.type) {
    case "Z":
      return "Z";
    case "M":
    case "L":
      return `${command.type}${px(command.x)} ${px(command.y)}`;
    case "Q":
      return `Q${[command.x1, command.y1, command.x, command.y].map(px).join(" ")}`;
    case "C":
      return `C${[command.x1, command.y1, command.x2, command.y2, command.x, command.y].map(px).join(" ")}`;
  }
}

function fontOf(name: string): Font {
  const known = fonts.get(name);
  if (known) return known;
  const bytes = readFileSync(require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
  const font = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  fonts.set(name, font);
  return font;
}

export function rect(x: number, y: number, width: number, height: number, fill: string, rest = ""): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${fill}" ${rest}/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke = INK, width = 1): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round"/>`;
}

export function circle(x: number, y: number, radius: number, fill: string, rest = ""): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(radius)}" fill="${fill}" ${rest}/>`;
}

export function polygon(points: readonly (readonly [number, number])[], fill: string, rest = ""): string {
  return `<polygon points="${points.map(([x, y]) => `${px(x)},${px(y)}`).join(" ")}" fill="${fill}" ${rest}/>`;
}

export function path(d: string, fill: string, rest = ""): string {
  return `<path d="${d}" fill="${fill}" ${rest}/>`;
}

/** The frame of every picture: a white card with a title. */
export function scene(title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">`,
    rect(0, 0, WIDTH, HEIGHT, "#ffffff"),
    text(WIDTH / 2, 19, title, { size: 12, bold: true }),
    ...body,
    "</svg>",
  ].join("\n");
}

/** Coordinates with two decimals keep the SVG independent of the last bit of trigonometric functions. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}
