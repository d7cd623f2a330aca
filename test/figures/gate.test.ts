/** Figures as a venue's printer sees them: every kind, at several venues' sizes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { closeBrowser, exportFigure, renderSvg } from "../../lib/figures/render.js";
import { venueSize } from "../../lib/figures/theme.js";
import type { Figure } from "../../lib/figures/types.js";
import { kinds } from "./kinds.js";
import { alike, clipped, leastDistance, overlapping, textBoxes } from "./measure.js";
import { pdfFacts } from "./pdf.js";

const folder = mkdtempSync(join(tmpdir(), "figures-gate-"));
afterAll(async () => {
  await closeBrowser();
  rmSync(folder, { recursive: true });
});

const places = [["icml", "column"], ["neurips", "column"], ["acl", "column"], ["ieee", "full"]] as const; // prettier-ignore

/** Output of a program of poppler-utils, without its heading lines. */
function poppler(program: string, args: readonly string[], heading = 0): string[] {
  const { stdout, status } = spawnSync(program, args, { encoding: "utf8" });
  expect(status).toBe(0);
  return stdout.trimEnd().split("\n").slice(heading);
}
const hasPoppler = !spawnSync("pdffonts", ["-v"]).error;
if (!hasPoppler) console.log("skipped: what pdffonts, pdfinfo and pdfimages say; poppler-utils is not installed");

describe.each(places)("%s, %s", (venue, width) => {
  const size = venueSize(venue, width);
  const tick = size.tick - 0.01;

  it.each(Object.keys(kinds))("%s", async (kind) => {
    const [svgFile, pdfFile] = await exportFigure(kinds[kind], join(folder, `${kind}-${venue}`), { venue, width, formats: ["svg", "pdf"] }); // prettier-ignore

    const boxes = await textBoxes(readFileSync(svgFile, "utf8"));
    expect(boxes.length).toBeGreaterThan(5);
    expect(clipped(boxes, size.width, size.height)).toEqual([]);
    expect(overlapping(boxes)).toEqual([]);
    expect(Math.min(...boxes.flatMap(({ sizes }) => sizes))).toBeGreaterThanOrEqual(tick);
    expect(Math.min(...boxes.flatMap(({ raised }) => raised), tick)).toBeGreaterThanOrEqual(0.7 * tick);

    const facts = pdfFacts(readFileSync(pdfFile, "latin1"));
    expect(facts).toMatchObject({ images: 0, type3: 0, embedded: facts.fonts });
    expect(facts.fonts).toBeGreaterThan(0);
    expect(Math.abs(facts.width / 72 - size.width / 96)).toBeLessThan(0.01);
    if (!hasPoppler) return;
    const fonts = poppler("pdffonts", [pdfFile], 2);
    expect(fonts.length).toBeGreaterThan(0);
    for (const font of fonts) expect(font).toMatch(/CID TrueType\s+\S+\s+yes yes yes/); // embedded, subset, with Unicode
    const page = poppler("pdfinfo", [pdfFile]).find((line) => line.startsWith("Page size")) ?? "";
    expect(Math.abs(Number(/[\d.]+/.exec(page)?.[0]) / 72 - size.width / 96)).toBeLessThan(0.01);
    expect(poppler("pdfimages", ["-list", pdfFile], 2)).toEqual([]);
  });
});

it.each(Object.keys(kinds))("%s is told apart with any colour vision", (kind) => {
  expect(alike(kinds[kind].data)).toEqual([]);
});

describe("the gate's own measures", () => {
  const label = (text: string, x: number): object => ({
    text,
    x,
    y: 0.5,
    xref: "paper",
    yref: "paper",
    xanchor: "left",
  });
  const bad = {
    data: [{ type: "scatter", x: [0, 1], y: [0, 1] }],
    layout: {
      annotations: [label("one text", 0.5), label("over another", 0.52), label("beyond the page's edge", 0.97)],
    },
    alt: "bad",
  } as unknown as Figure;

  it("find text that is cut or covered", async () => {
    const size = venueSize("icml");
    const boxes = await textBoxes(await renderSvg(bad, size));
    expect(clipped(boxes, size.width, size.height)).toEqual(["beyond the page's edge"]);
    expect(overlapping(boxes)).toContain("one text | over another");
  });

  it("find colours that look alike", () => {
    expect(leastDistance("#4C9A2A", "#A67C1A")).toBeLessThan(20); // green and brown
    expect(leastDistance("#000000", "#FFFFFF")).toBeCloseTo(100, 3);
    const line = (name: string, color: string, dash: string) => ({ type: "scatter", name, mode: "lines", x: [0], y: [0], line: { color, dash } }) as const; // prettier-ignore
    expect(alike([line("a", "#777777", "solid"), line("b", "#7A7A7A", "solid")])).toEqual(["a | b"]);
    expect(alike([line("a", "#777777", "solid"), line("b", "#7A7A7A", "dash")])).toEqual([]);
  });
});
