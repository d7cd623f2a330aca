/** SVG files as they are read elsewhere: with their fonts inside, in lengths that hold without them, hatched by lines. */
import { afterAll, expect, it } from "vitest";
import { withBrowser } from "../../lib/figures/browser.js";
import { hatched } from "../../lib/figures/hatching.js";
import { closeBrowser, renderPng, renderSvg } from "../../lib/figures/render.js";
import { screenSize } from "../../lib/figures/theme.js";
import { kinds } from "./kinds.js";
import { textBoxes } from "./measure.js";

afterAll(closeBrowser);

declare const document: { createElement(name: "canvas"): Canvas };
declare const Image: new () => { src: string; decode(): Promise<void>; width: number; height: number };
interface Canvas {
  width: number;
  height: number;
  getContext(kind: "2d"): {
    drawImage(image: unknown, x: number, y: number): void;
    getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
  };
}

/** Share of the pixels in which two pictures differ clearly. Runs inside the page. */
async function difference(sources: readonly string[]): Promise<number> {
  const pixels: Uint8ClampedArray[] = [];
  for (const src of sources) {
    const image = new Image();
    image.src = src;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    pixels.push(context.getImageData(0, 0, image.width, image.height).data);
  }
  const [a, b] = pixels;
  return a.filter((value, i) => Math.abs(value - b[i]) > 64).length / a.length;
}

it("looks as an image in a page just as it was drawn, though that page has none of its fonts", async () => {
  const svg = await renderSvg(kinds["intervals"], screenSize);
  const png = await renderPng(kinds["intervals"], screenSize, 1);
  const asImage = (text: string): string => `data:image/svg+xml;base64,${Buffer.from(text).toString("base64")}`;
  const inPage = (...sources: string[]): Promise<number> =>
    withBrowser(async (browser) => {
      const page = await browser.newPage();
      try {
        return await page.evaluate(difference, sources);
      } finally {
        await page.close();
      }
    });
  const drawn = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  expect(await inPage(asImage(svg), drawn)).toBeLessThan(1e-3);
  expect(await inPage(asImage(svg.replace(/<style>.*?<\/style>/s, "").replaceAll("Arimo, Arial, Helvetica, sans-serif", "monospace")), drawn)).toBeGreaterThan(5e-3); // prettier-ignore
});

it("keeps every text in its place where a viewer has other fonts", async () => {
  const svg = await renderSvg(kinds["intervals"], screenSize);
  const other = svg.replace(/<style>.*?<\/style>/s, "").replaceAll("Arimo, Arial, Helvetica, sans-serif", "monospace");
  expect(other).not.toContain("Arimo");
  const [ours, theirs] = [await textBoxes(svg), await textBoxes(other)];
  expect(ours.length).toBeGreaterThan(15);
  ours.forEach(({ text, left, right }, i) => {
    expect(theirs[i].text).toBe(text);
    expect(Math.abs(theirs[i].left - left)).toBeLessThan(1);
    expect(Math.abs(theirs[i].right - right)).toBeLessThan(1);
  });
});

it("holds only the letters that it needs", async () => {
  const svg = await renderSvg(kinds["alpha-over-time-quality"], screenSize); // with ρ, of the Greek font
  const fonts = [...svg.matchAll(/url\(data:font\/woff2;base64,([^)]+)\)/g)].map(([, font]) => Buffer.from(font, "base64")); // prettier-ignore
  expect(fonts.map((font) => font.subarray(0, 4).toString())).toEqual(["wOF2", "wOF2"]);
  expect(fonts.reduce((sum, font) => sum + font.length, 0)).toBeLessThan(6000);
});

it("hatches bars by lines that end within them", () => {
  const pattern = (id: string, d: string): string =>
    `<pattern id="${id}" width="10px" height="10px" patternUnits="userSpaceOnUse"><rect width="10px" height="10px" fill="rgb(1, 2, 3)"/><path d="${d}" stroke="white"/></pattern>`;
  const bar = (id: string): string => `<path d="M5,40V10.8H25V40Z" class="pattern_filled" transform="translate(1,2)" style="fill: url('#${id}'); stroke: red;"/>`; // prettier-ignore
  const lines = (d: string): string =>
    /<path d="([^"]*)" transform="translate\(1,2\)" fill="none" stroke="white"\/>/.exec(
      hatched(`<svg><defs>${pattern("p", d)}</defs>${bar("p")}</svg>`),
    )?.[1] ?? "";
  // the bar without its edge is [5.8, 24.2] × [11.6, 39.2]
  expect(lines("M0,5L10,5")).toBe("M5.8,15H24.2M5.8,25H24.2M5.8,35H24.2");
  expect(lines("M5,0L5,10")).toBe("M15,11.6V39.2");
  expect(lines("M0,10L10,0M-2,2l4,-4")).toBe("M5.8,14.2L8.4,11.6M5.8,24.2L18.4,11.6M5.8,34.2L24.2,15.8M10.8,39.2L24.2,25.8M20.8,39.2L24.2,35.8"); // prettier-ignore
  const falling = [...lines("M0,0L10,10").matchAll(/M([\d.]+),([\d.]+)L([\d.]+),([\d.]+)/g)].map((m) => m.slice(1).map(Number)); // prettier-ignore
  expect(falling.length).toBe(5);
  for (const [x1, y1, x2, y2] of falling) {
    expect(y2 - y1).toBeCloseTo(x2 - x1, 9);
    expect(Math.sin((Math.PI * (y1 - x1)) / 10)).toBeCloseTo(0, 9);
    expect([x1 === 5.8 || y1 === 11.6, x2 === 24.2 || y2 === 39.2]).toEqual([true, true]);
  }
  const whole = hatched(`<svg><defs>${pattern("p", "M0,5L10,5")}</defs>${bar("p")}${bar("unknown")}</svg>`);
  expect(whole).toContain("fill: rgb(1, 2, 3); stroke: red;");
  expect(whole).toContain(bar("unknown"));
  expect(whole).not.toContain("<pattern");
});
