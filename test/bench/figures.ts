/**
 * Seconds for twenty figures as a paper needs them (SVG, PDF and PNG at a venue's width) after the browser has started,
 * and which of them take longest.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withBrowser } from "../../lib/figures/browser.js";
import { closeBrowser, exportFigure, exportFigures } from "../../lib/figures/render.js";
import { kinds } from "../figures/kinds.js";

const count = 20;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "figures-bench-"));
  const names = Array.from({ length: count }, (_, i) => Object.keys(kinds)[i % Object.keys(kinds).length]);
  const seconds = async (task: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await task();
    return (performance.now() - start) / 1000;
  };
  try {
    const launch = await seconds(() => withBrowser((browser) => browser.version()));
    console.log(`launch of the browser                ${launch.toFixed(2)} s`);
    const each: [string, number][] = [];
    for (const [i, name] of names.entries()) {
      each.push([name, await seconds(() => exportFigure(kinds[name], join(folder, `${i}`)))]);
    }
    for (const [name, took] of each) console.log(`${name.padEnd(36)} ${took.toFixed(2)} s`);
    const total = each.reduce((sum, [, took]) => sum + took, 0);
    console.log(`${count} figures after launch, one by one    ${total.toFixed(2)} s (the first loads Plotly)`);

    await closeBrowser();
    await withBrowser((browser) => browser.version());
    const figures = Object.fromEntries(names.map((name, i) => [`batch-${i}`, kinds[name]]));
    console.log(`${count} figures after launch, exportFigures ${(await seconds(() => exportFigures(figures, folder))).toFixed(2)} s`); // prettier-ignore
  } finally {
    await closeBrowser();
    rmSync(folder, { recursive: true });
  }
}

void main();
