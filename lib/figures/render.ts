import { mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { drawFigure, escapeXml, plotlyPath, standalone, svgToPdf, svgToPng, type Drawing } from "./draw.js";
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
  /** What made the figure; goes into the JSON file beside it. */
  readonly provenance?: Provenance;
}

/** Where a figure comes from. More fields may be added, as JSON. */
export interface Provenance {
  /** Ids of the runs it shows. */
  readonly runs?: readonly string[] | undefined;
  /** The query that found them. */
  readonly query?: string | undefined;
  /** Commit of the code that drew it. */
  readonly commit?: string | undefined;
  readonly [more: string]: Json | undefined;
}

/**
 * Writes the figure as `<basePath>.svg`, `.pdf` and `.png` at a venue's width, and `<basePath>.json`
 * with the figure's own spec and what made it. Files are replaced whole or not at all.
 *
 * @param basePath  path without extension; its folder is made where it is missing
 * @returns the paths written, the JSON file last
 * @throws RangeError for an unknown format or venue; Error when the folder cannot be written
 *         or no Chromium starts (then nothing is written)
 * @example
 * await exportFigure(figure, "figures/alpha", { venue: "icml", provenance: { runs: [run.id], query: "group == 'demo'" } });
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

  let drawing: Promise<Drawing> | undefined;
  const drawn = (): Promise<Drawing> => (drawing ??= drawFigure(figure, size));
  const content = {
    svg: async () => standalone(await drawn()),
    pdf: async () => svgToPdf((await drawn()).svg, size),
    png: async () => svgToPng((await drawn()).svg, size, scale),
    html: () => interactivePage(figure, size),
  } as const satisfies Record<FigureFormat, () => unknown>;
  const files: [string, string | Uint8Array][] = await Promise.all(
    wanted.map(async (format) => [`${base}.${format}`, await content[format]()] as const),
  );
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

/**
 * Writes many figures into a folder, each as `exportFigure` does under its name, with one browser for all of them.
 *
 * @param figures  by the name of their files
 * @param options  of all figures
 * @returns the paths written, figure by figure
 * @throws as `exportFigure`, with the first figure that failed; all others are written
 * @example
 * await exportFigures({ "meta-loss": losses, alpha: weights }, "figures", { venue: "neurips", provenance: { runs } });
 */
export async function exportFigures(
  figures: Readonly<Record<string, Figure>>,
  folder: string,
  options: ExportOptions = {},
): Promise<string[]> {
  const exports = Object.entries(figures).map(([name, figure]) => exportFigure(figure, join(folder, name), options));
  await Promise.allSettled(exports); // a failure must not leave others half done behind the caller's back
  return (await Promise.all(exports)).flat();
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
