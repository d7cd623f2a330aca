import { withBrowser } from "../../lib/figures/browser.js";
import type { Trace } from "../../lib/figures/types.js";

export interface Box {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Sizes of the letters in px: of plain text, and of exponents and indices. */
  readonly sizes: readonly number[];
  readonly raised: readonly number[];
}

/** Every text of an SVG where the browser sets it, in px of the page. */
export function textBoxes(svg: string): Promise<Box[]> {
  return withBrowser(async (browser) => {
    const page = await browser.newPage();
    try {
      await page.setContent(`<meta charset="utf-8"><style>body{margin:0} svg{display:block}</style>${svg}`);
      return await page.evaluate(measure);
    } finally {
      await page.close();
    }
  });
}

/** What `measure`, which runs inside the page, uses of the browser. */
interface PageText {
  readonly textContent: string;
  readonly childElementCount: number;
  readonly tagName: string;
  getBoundingClientRect(): { left: number; right: number; top: number; bottom: number };
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<PageText>;
  getScreenCTM(): { a: number; b: number };
}
declare const document: { fonts: { ready: Promise<unknown> }; querySelectorAll(selector: string): Iterable<PageText> };
declare function getComputedStyle(element: PageText): { fontSize: string };

async function measure(): Promise<Box[]> {
  await document.fonts.ready;
  return [...document.querySelectorAll("text")]
    .filter((element) => element.textContent.trim() !== "")
    .map((element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      const { a, b } = element.getScreenCTM();
      const leaves = [element, ...element.querySelectorAll("tspan")].filter(
        (leaf) => leaf.childElementCount === 0 && leaf.textContent.trim() !== "" && leaf.textContent !== "\u200b",
      );
      const size = (leaf: PageText): number => parseFloat(getComputedStyle(leaf).fontSize) * Math.hypot(a, b);
      const isRaised = (leaf: PageText): boolean => (leaf.getAttribute("style") ?? "").includes("font-size:70%") || (leaf.getAttribute("style") ?? "").includes("font-size: 70%"); // prettier-ignore
      return {
        text: element.textContent,
        left,
        right,
        top,
        bottom,
        sizes: leaves.filter((leaf) => !isRaised(leaf)).map(size),
        raised: leaves.filter(isRaised).map(size),
      };
    });
}

/** The part of a text's box that its letters fill: a fifth of their size above and below is empty. */
function letters(box: Box): Box {
  const empty = (box.sizes[0] ?? 0) * 0.2;
  const isUpright = box.right - box.left > box.bottom - box.top || box.text.length < 3;
  return isUpright
    ? { ...box, top: box.top + empty, bottom: box.bottom - empty }
    : { ...box, left: box.left + empty, right: box.right - empty };
}

/** Texts that the page cuts. */
export const clipped = (boxes: readonly Box[], width: number, height: number): string[] =>
  boxes
    .map(letters)
    .filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height)
    .map(({ text }) => text);

/** Pairs of texts of which one covers the other. */
export const overlapping = (boxes: readonly Box[]): string[] =>
  boxes.map(letters).flatMap((a, i, all) =>
    all
      .slice(i + 1)
      .filter(
        (b) =>
          Math.min(a.right, b.right) > Math.max(a.left, b.left) &&
          Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top),
      )
      .map((b) => `${a.text} | ${b.text}`),
  );

/** Machado, Oliveira and Fernandes 2009, table 1, severity 1; on linear RGB. */
const deficiencies: Readonly<Record<string, readonly (readonly number[])[]>> = {
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}; // prettier-ignore

/** Distance of two colours (CIE 1976) to the eye that tells them apart least. */
export function leastDistance(a: string, b: string): number {
  return Math.min(
    ...Object.values(deficiencies).map((matrix) => {
      const [p, q] = [a, b].map((color) => lab(matrix.map((row) => clamp(dot(row, linear(color))))));
      return Math.hypot(...p.map((v, i) => v - q[i]));
    }),
  );
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
const clamp = (v: number): number => Math.min(1, Math.max(0, v));

/** Linear RGB of "#rrggbb" or "rgba(…)" on white. */
function linear(color: string): number[] {
  const numbers = color.startsWith("#")
    ? [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16))
    : [...color.matchAll(/[\d.]+/g)].map(Number);
  const opacity = numbers[3] ?? 1;
  return numbers.slice(0, 3).map((v) => {
    const c = (v * opacity + 255 * (1 - opacity)) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
}

function lab(rgb: readonly number[]): number[] {
  const white = [0.95047, 1, 1.08883];
  const toXyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]; // prettier-ignore
  const [x, y, z] = toXyz.map((row, i) => {
    const t = dot(row, rgb) / white[i];
    return t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** Least distance of two colours that have to tell things apart; 2.3 is just noticeable. */
const DISTINCT = 8;

type Drawn = { mode?: string; line?: { color?: string; dash?: string }; marker?: { color?: string; symbol?: string; pattern?: { shape: string } }; fillcolor?: string; fill?: string; hoverinfo?: string; showlegend?: boolean }; // prettier-ignore

/** Pairs of named things of a figure that are told apart by neither dash, marker nor pattern, and hardly by colour. */
export function alike(traces: readonly Trace[]): string[] {
  const things = traces.flatMap((trace) => {
    const { mode = "", line, marker, fill, fillcolor, hoverinfo, showlegend } = trace as unknown as Drawn;
    const isDecoration = trace.name === undefined || (hoverinfo === "skip" && showlegend === false);
    const color = fill ? fillcolor : (line?.color ?? marker?.color);
    if (isDecoration || color === undefined || color === "#FFF") return [];
    const cues = [
      trace.type,
      fill ?? "",
      mode.includes("lines") ? (line?.dash ?? "solid") : "",
      mode.includes("markers") ? (marker?.symbol ?? "") : "",
      marker?.pattern?.shape ?? "",
    ];
    return [{ name: trace.name, color, cue: cues.join() }];
  });
  return things.flatMap((a, i) =>
    things
      .slice(i + 1)
      .filter((b) => a.cue === b.cue && leastDistance(a.color, b.color) < DISTINCT)
      .map((b) => `${a.name} | ${b.name}`),
  );
}
