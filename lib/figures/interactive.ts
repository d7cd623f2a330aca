import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { plotlyPath } from "./draw.js";
import { screenSize, themed } from "./theme.js";
import type { Figure } from "./types.js";

/**
 * HTML that gives the page Plotly (once; 4 MB, packed). The names that module loaders
 * look for are shadowed, because JupyterLab's page has some of them.
 */
export function plotlyLoader(): string {
  const packed = gzipSync(readFileSync(plotlyPath())).toString("base64");
  return `<script>
window.dreamprmPlotly ??= (async () => {
  const bytes = Uint8Array.from(atob("${packed}"), (c) => c.charCodeAt(0));
  const source = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  new Function("define", "module", "exports", source).call(window);
  return window.Plotly;
})();
</script>`;
}

/** A place in the page for a plot. */
export const newPlotId = (): string => `figure-${randomUUID()}`;
export const plotPlace = (id: string): string => `<div id="${id}"></div>`;

/**
 * Script that draws the figure at its place, or redraws it there. Where the page has no Plotly
 * (GitHub, a notebook opened anew) it does nothing.
 *
 * @param hideBefore  hides the output before the place: the static picture of the same figure
 */
export function plotScript(figure: Figure, id: string, { hideBefore = false } = {}): string {
  const { data, layout } = themed(figure, screenSize);
  const spec = JSON.stringify({ data, layout }, shortNumbers).replaceAll("<", "\\u003c");
  return `<script>
(async () => {
  const Plotly = await window.dreamprmPlotly;
  const place = document.getElementById("${id}");
  if (!Plotly || !place) return;
  const { data, layout } = ${spec};
  await Plotly.react(place, data, layout, { displaylogo: false });
${hideBefore ? '  const before = place.closest(".jp-OutputArea-child")?.previousElementSibling;\n  if (before?.querySelector(".jp-RenderedSVG")) before.style.display = "none";\n' : ""}})();
</script>`;
}

/** Five digits are more than a screen shows, and half the bytes. */
const shortNumbers = (_key: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
