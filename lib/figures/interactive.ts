import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { plotlyPath } from "./draw.js";
import { screenSize, themed } from "./theme.js";
import type { Figure } from "./types.js";

/*
 * A page gets Plotly's text once, from the kernel, and keeps it in the browser's IndexedDB. A page that is loaded
 * anew, or a saved notebook that is opened and trusted, finds it there and has interactive figures without the kernel.
 */

/** Script: asks the page's database; undefined where there is none or it holds nothing. */
const stored = `const stored = (mode, use) => new Promise((done) => {
    const open = indexedDB.open("dreamprm-lab");
    open.onupgradeneeded = () => open.result.createObjectStore("plotly");
    open.onerror = () => done();
    open.onsuccess = () => {
      const request = use(open.result.transaction("plotly", mode).objectStore("plotly"));
      request.onsuccess = () => done(request.result);
      request.onerror = () => done();
    };
  });`;

/** Script: runs Plotly's text with those names shadowed that module loaders of the page have taken. */
const run = `new Function("define", "module", "exports", source).call(window);`;

/** HTML that gives the page Plotly (2.6 MB, packed). */
export function plotlyLoader(): string {
  const packed = gzipSync(readFileSync(plotlyPath())).toString("base64");
  return `<script>
window.dreamprmPlotly = (async () => {
  ${stored}
  const bytes = Uint8Array.from(atob("${packed}"), (c) => c.charCodeAt(0));
  const source = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  ${run}
  void stored("readwrite", (store) => store.put(source, "source"));
  return window.Plotly;
})();
</script>`;
}

/** A place in the page for a plot. */
export const newPlotId = (): string => `figure-${randomUUID()}`;
export const plotPlace = (id: string): string => `<div id="${id}"></div>`;

/**
 * Script that draws the figure at its place, or redraws it there. Where the page has no Plotly
 * (GitHub, another browser) it does nothing.
 *
 * @param hideBefore  hides the output before the place: the static picture of the same figure
 */
export function plotScript(figure: Figure, id: string, { hideBefore = false } = {}): string {
  const { data, layout } = themed(figure, screenSize);
  const spec = JSON.stringify({ data, layout }, shortNumbers).replaceAll("<", "\\u003c");
  const hide = `const before = place.closest(".jp-OutputArea-child")?.previousElementSibling;
  if (before?.querySelector(".jp-RenderedSVG")) before.style.display = "none";`;
  return `<script>
(async () => {
  ${stored}
  window.dreamprmPlotly ??= stored("readonly", (store) => store.get("source")).then((source) => {
    if (source) ${run}
    return window.Plotly;
  });
  const Plotly = await window.dreamprmPlotly;
  const place = document.getElementById("${id}");
  if (!Plotly || !place) return;
  const { data, layout } = ${spec};
  await Plotly.react(place, data, layout, { displaylogo: false, displayModeBar: "hover" });
  ${hideBefore ? hide : ""}
})();
</script>`;
}

/** Five digits are more than a screen shows, and half the bytes. */
const shortNumbers = (_key: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
