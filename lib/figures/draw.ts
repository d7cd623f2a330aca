import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import { reusedPage, withBrowser } from "./browser.js";
import { hatched } from "./hatching.js";
import { fontCss, subsetCss, type StyledText } from "./fonts.js";
import { cutPage } from "./pdfPage.js";
import { screenSize, themed } from "./theme.js";
import type { Figure, FigureSize } from "./types.js";

/** What the functions that run inside the page use of the browser. */
interface PageElement {
  readonly childNodes: Iterable<{ readonly nodeType: number; readonly textContent: string | null }>;
  readonly childElementCount: number;
  querySelectorAll(selector: string): Iterable<PageElement>;
  setAttribute(name: string, value: string): void;
  getComputedTextLength(): number;
  remove(): void;
}
declare const document: {
  readonly body: { innerHTML: string; append(element: PageElement): void };
  readonly fonts: { load(font: string, text: string): Promise<unknown> };
  importNode(element: PageElement, deep: boolean): PageElement;
};
declare function getComputedStyle(element: PageElement): { fontWeight: string; fontStyle: string };
declare const DOMParser: new () => { parseFromString(text: string, type: string): { documentElement: PageElement } };
declare const XMLSerializer: new () => { serializeToString(element: PageElement): string };

const require_ = createRequire(join(__dirname, "x"));
export const plotlyPath = (): string => require_.resolve("plotly.js-dist");

const blankPage = (): string =>
  `<!doctype html><meta charset="utf-8"><style>${fontCss()} html,body{margin:0} svg{display:block}</style><body></body>`;

const plotPage = reusedPage(async (page) => {
  const plotly = pathToFileURL(plotlyPath());
  try {
    await page.goto(new URL("LICENSE", plotly).href); // a local page may load local scripts, three times as fast as through the pipe
    await page.setContent(blankPage());
    await page.addScriptTag({ url: plotly.href });
  } catch {
    await page.setContent(blankPage()); // a browser in a sandbox of its own (a snap) cannot read the file
    await page.evaluate(readFileSync(plotly, "utf8"));
  }
  await loadFonts(page);
});
const printPage = reusedPage(async (page) => {
  await page.setContent(blankPage());
  await loadFonts(page);
});

const loadFonts = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    await Promise.all(
      ["", "italic ", "bold ", "italic bold "].map((style) => document.fonts.load(`${style}12px Arimo`, "aα−")),
    );
  });

let turn: Promise<unknown> = Promise.resolve();
/** One drawing at a time: they share the two pages. */
function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const result = turn.then(task);
  turn = result.catch(() => undefined);
  return result;
}

/** A figure as drawn, and the text in it. */
export interface Drawing {
  readonly svg: string;
  readonly text: StyledText;
}

/** The figure as SVG that needs the page's fonts. The same figure gives the same text on the same Chromium. */
export function drawFigure(figure: Figure, size: FigureSize): Promise<Drawing> {
  return inTurn(() =>
    withBrowser(async (browser) => {
      const page = await plotPage(browser);
      const { data, layout } = themed(figure, onScreen(size));
      const spec = JSON.stringify({ data, layout, config: { staticPlot: true } });
      const { svg, text } = await page.evaluate(drawInPage, spec, size.width, size.height);
      return { svg: hatched(svg).replace(/<svg[^>]*>/, (tag) => `${tag}<desc>${escapeXml(figure.alt)}</desc>`), text };
    }),
  );
}

/**
 * The drawing with its fonts inside, so that it looks the same everywhere. Where a viewer loads none, the lengths that
 * all texts carry keep them in their places.
 */
export async function standalone({ svg, text }: Drawing): Promise<string> {
  const css = await subsetCss(text);
  return svg.replace("</desc>", () => `</desc><style>${css}</style>`);
}

/** The figure as SVG text with its fonts inside. */
export const renderSvg = async (figure: Figure, size: FigureSize): Promise<string> =>
  standalone(await drawFigure(figure, size));

/**
 * The size at which a figure is drawn before it is scaled to its own: ticks as large as on a screen, because Plotly's
 * gaps and the least height of a legend's row are fixed numbers of px.
 */
function onScreen({ width, height, font, tick, line }: FigureSize): FigureSize {
  const scale = screenSize.tick / tick;
  return { width: width * scale, height: height * scale, font: font * scale, tick: tick * scale, line: line * scale };
}

/** Runs inside the page. */
async function drawInPage(spec: string, width: number, height: number): Promise<Drawing> {
  type Plotly = { toImage(spec: unknown, options: object): Promise<string> };
  const { Plotly } = globalThis as unknown as { Plotly: Plotly };
  let state = 1; // Plotly draws the names of its clip paths from Math.random; a fixed sequence keeps files the same.
  Math.random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const drawn = await Plotly.toImage(JSON.parse(spec), {
    format: "svg",
    width: null,
    height: null,
    imageDataOnly: true,
  });

  const svg = document.importNode(new DOMParser().parseFromString(drawn, "image/svg+xml").documentElement, true);
  document.body.append(svg);
  const text: Record<string, string> = {};
  for (const element of svg.querySelectorAll("text, tspan")) {
    const own = [...element.childNodes].map((node) => (node.nodeType === 3 ? (node.textContent ?? "") : "")).join("");
    const { fontWeight, fontStyle } = getComputedStyle(element);
    const style = (Number(fontWeight) >= 600 ? "700" : "400") + (fontStyle === "italic" ? "-italic" : "");
    text[style] = (text[style] ?? "") + own;
    if (element.childElementCount > 0 || own.trim() === "") continue;
    element.setAttribute("textLength", element.getComputedTextLength().toFixed(1));
    element.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.remove();
  return { svg: new XMLSerializer().serializeToString(svg), text };
}

/** The figure as PNG. @param scale  pixels per CSS px, defaults to 2 */
export async function renderPng(figure: Figure, size: FigureSize, scale = 2): Promise<Uint8Array> {
  return svgToPng((await drawFigure(figure, size)).svg, size, scale);
}

export function svgToPng(svg: string, size: FigureSize, scale: number): Promise<Uint8Array> {
  const [width, height] = [Math.ceil(size.width), Math.ceil(size.height)];
  return onPrintPage(svg, async (page) => {
    await page.setViewport({ width, height, deviceScaleFactor: scale });
    return page.screenshot({ type: "png", clip: { x: 0, y: 0, width: size.width, height: size.height } });
  });
}

/** Vector PDF of one page of exactly the figure's size, fonts embedded. */
export async function svgToPdf(svg: string, { width, height }: FigureSize): Promise<Uint8Array> {
  const paper = { width: `${width / 96}in`, height: `${height / 96}in` };
  const pdf = await onPrintPage(svg, (page) =>
    page.pdf({ ...paper, printBackground: true, pageRanges: "1", tagged: false }),
  );
  return cutPage(pdf, width * 0.75, height * 0.75);
}

function onPrintPage<T>(svg: string, use: (page: Page) => Promise<T>): Promise<T> {
  return inTurn(() =>
    withBrowser(async (browser) => {
      const page = await printPage(browser);
      await page.evaluate((text) => void (document.body.innerHTML = text), svg);
      return use(page);
    }),
  );
}

export const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
