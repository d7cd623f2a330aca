import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import { reusedPage, withBrowser } from "./browser.js";
import { cutPage } from "./pdfPage.js";
import { themed } from "./theme.js";
import type { Figure, FigureSize } from "./types.js";

/** What the functions that run inside the page use of the browser. */
declare const document: { body: { innerHTML: string }; fonts: { load(font: string, text: string): Promise<unknown> } };

const require_ = createRequire(join(__dirname, "x"));
export const plotlyPath = (): string => require_.resolve("plotly.js-dist");

/** Arimo, metric-compatible with Arial and Helvetica, as CSS with the font files inside. */
function fontCss(): string {
  return ["400", "400-italic", "700"].map(inlineFonts).join("\n");
}

function inlineFonts(style: string): string {
  const css = require_.resolve(`@fontsource/arimo/${style}.css`);
  return readFileSync(css, "utf8").replace(/src: url\(([^)]+\.woff2)\)[^;]*;/g, (_, file: string) => {
    const font = readFileSync(join(dirname(css), file)).toString("base64");
    return `src: url(data:font/woff2;base64,${font}) format("woff2");`;
  });
}

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
    await Promise.all(["", "italic ", "bold "].map((style) => document.fonts.load(`${style}12px Arimo`, "aα−")));
  });

let turn: Promise<unknown> = Promise.resolve();
/** One drawing at a time: they share the two pages. */
function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const result = turn.then(task);
  turn = result.catch(() => undefined);
  return result;
}

/** The figure as SVG text. The same figure gives the same text on the same Chromium. */
export function renderSvg(figure: Figure, size: FigureSize): Promise<string> {
  return inTurn(() =>
    withBrowser(async (browser) => {
      const page = await plotPage(browser);
      const { data, layout } = themed(figure, size);
      const spec = JSON.stringify({ data, layout, config: { staticPlot: true } });
      const svg = await page.evaluate(drawInPage, spec, size.width, size.height);
      return svg.replace(/(<svg[^>]*>)/, `$1<desc>${escapeXml(figure.alt)}</desc>`);
    }),
  );
}

/** Runs inside the page. */
async function drawInPage(spec: string, width: number, height: number): Promise<string> {
  type Plotly = { toImage(spec: unknown, options: object): Promise<string> };
  const { Plotly } = globalThis as unknown as { Plotly: Plotly };
  let state = 1; // Plotly draws the names of its clip paths from Math.random; a fixed sequence keeps files the same.
  Math.random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  return Plotly.toImage(JSON.parse(spec), { format: "svg", width, height, imageDataOnly: true });
}

/** The figure as PNG. @param scale  pixels per CSS px, defaults to 2 */
export async function renderPng(figure: Figure, size: FigureSize, scale = 2): Promise<Uint8Array> {
  return svgToPng(await renderSvg(figure, size), size, scale);
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
