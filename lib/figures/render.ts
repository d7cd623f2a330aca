import { mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { escapeXml, plotlyPath, renderSvg, svgToPdf, svgToPng } from "./draw.js";
import { themed, venueSize, type Venue, type VenueWidth } from "./theme.js";
import type { Figure, FigureSize, Json } from "./types.js";

export { renderPng, renderSvg } from "./draw.js";
export { closeBrowser } from "./browser.js";

const formats = ["svg", "pdf", "png", "html"] as const;
export type FigureFormat = (typeof formats)[number];

export interface ExportOptions {
  /** Defaults to ["svg", "pdf", "png"]; "html" is interactive and holds all of Plotly (10 MB). */
  readonly formats?: readonly FigureFormat[];
  /** Sets width and font sizes, defaults to "neurips". */
  readonly venue?: Venue;
  /** One column or the full text width, defaults to "column". */
  readonly width?: VenueWidth;
  /** Inches, defaults to 0.618 × width. */
  readonly height?: number;
  /** Pixels per CSS px of the PNG, defaults to 3.125 (300 dpi). */
  readonly scale?: number;
  /** What made the figure (run ids, query, commit); goes into the JSON file beside it. */
  readonly provenance?: Readonly<Record<string, Json>>;
}

/**
 * Writes the figure as `<basePath>.svg`, `.pdf` and `.png` at a venue's width, and `<basePath>.json`
 * with the figure's own spec and what made it. Files are replaced whole or not at all.
 *
 * @param basePath  path without extension; its folder is made where it is missing
 * @returns the paths written, the JSON file last
 * @throws RangeError for an unknown format or venue; Error when the folder cannot be written
 *         or no Chromium starts (then nothing is written)
 */
export async function exportFigure(figure: Figure, basePath: string, options: ExportOptions = {}): Promise<string[]> {
  const {
    formats: wanted = ["svg", "pdf", "png"],
    venue = "neurips",
    width = "column",
    height,
    scale = 3.125,
    provenance = {},
  } = options;
  const unknown = wanted.find((format) => !formats.includes(format));
  if (unknown !== undefined) throw new RangeError(`format is "${unknown}"; known formats: ${formats.join(", ")}`);
  const size = venueSize(venue, width, height);
  const base = resolve(basePath);
  await writing(base, () => mkdirSync(dirname(base), { recursive: true }));

  const svg = wanted.every((format) => format === "html") ? "" : await renderSvg(figure, size);
  const files: [string, string | Uint8Array][] = [];
  for (const format of wanted) files.push([`${base}.${format}`, await drawn(format, figure, svg, size, scale)]);
  const sidecar = {
    alt: figure.alt,
    files: files.map(([path]) => basename(path)),
    venue,
    widthInches: size.width / 96,
    heightInches: size.height / 96,
    provenance,
    figure: { data: figure.data, layout: figure.layout },
  };
  files.push([`${base}.json`, JSON.stringify(sidecar) + "\n"]);
  for (const [path, content] of files) {
    await writing(path, () => writeFileAtomic(path, typeof content === "string" ? content : Buffer.from(content)));
  }
  return files.map(([path]) => path);
}

async function drawn(
  format: FigureFormat,
  figure: Figure,
  svg: string,
  size: FigureSize,
  scale: number,
): Promise<string | Uint8Array> {
  switch (format) {
    case "svg":
      return svg;
    case "pdf":
      return svgToPdf(svg, size);
    case "png":
      return svgToPng(svg, size, scale);
    case "html":
      return interactivePage(figure, size);
  }
}

function interactivePage(figure: Figure, size: FigureSize): string {
  const spec = JSON.stringify(themed(figure, size)).replaceAll("<", "\\u003c");
  const plotly = readFileSync(plotlyPath(), "utf8").replaceAll("</script", "<\\/script");
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeXml(figure.alt)}</title>
<body><div id="figure"></div><script>${plotly}</script>
<script>const { data, layout } = ${spec}; Plotly.newPlot("figure", data, layout, { displaylogo: false });</script></body></html>
`;
}

async function writing(path: string, write: () => unknown): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new Error(`Cannot write ${path}: ${(error as Error).message}. Choose a folder that can be written.`, {
      cause: error,
    });
  }
}
