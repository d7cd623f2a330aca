import { spawn } from "node:child_process";
import { once, type EventEmitter } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { withBrowser } from "../../lib/figures/browser.js";
import { findChromium } from "../../lib/figures/chromium.js";
import { alphaOverTime } from "../../lib/figures/figures.js";
import { closeBrowser, exportFigure, exportFigures, renderPng, renderSvg } from "../../lib/figures/render.js";
import { screenSize, type Venue } from "../../lib/figures/theme.js";
import { pdfFacts } from "./pdf.js";

const folder = mkdtempSync(join(tmpdir(), "figures-test-"));
afterAll(async () => {
  await closeBrowser();
  rmSync(folder, { recursive: true });
});

const figure = alphaOverTime(
  { names: ["α clean", "noisy"], steps: [1, 2, 3], values: [[1, 1.2, 1.4], [1, 0.8, 0.6]] },
  { against: { "α clean": 1, noisy: 0.2 } },
); // prettier-ignore

const pngSize = (png: Uint8Array): number[] => {
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
};

describe("exportFigure", () => {
  it("writes vector PDF of the venue's exact width with embedded fonts, SVG, PNG and what made them", async () => {
    const base = join(folder, "new", "alpha");
    const paths = await exportFigure(figure, base, { venue: "icml", provenance: { runs: ["r1"] } });
    expect(paths).toEqual(["svg", "pdf", "png", "json"].map((format) => `${base}.${format}`));

    const pdf = readFileSync(`${base}.pdf`, "latin1");
    expect(pdfFacts(pdf)).toMatchObject({ width: 234, height: expect.closeTo(3.25 * 72 * 0.618, 2) as number, images: 0, type3: 0 }); // prettier-ignore

    const svg = readFileSync(`${base}.svg`, "utf8");
    expect(svg).toContain(`<desc>${figure.alt}</desc>`);
    expect(svg).toContain("α clean (1.0)");
    expect(svg).not.toMatch(/<image|<script/);
    expect(pngSize(readFileSync(`${base}.png`))[0]).toBe(975); // 3.25 in at 300 dpi

    const sidecar = JSON.parse(readFileSync(`${base}.json`, "utf8")) as Record<string, unknown>;
    expect(sidecar).toMatchObject({
      venue: "icml",
      widthInches: 3.25,
      provenance: { runs: ["r1"] },
      files: ["alpha.svg", "alpha.pdf", "alpha.png"],
      figure: { data: figure.data },
    });
  });

  it.each([
    ["acl", "column", 3.03],
    ["ieee", "full", 7.16],
  ] as const)("cuts the page to the exact size and leaves a sound PDF (%s, %s)", async (venue, width, inches) => {
    const [path] = await exportFigure(figure, join(folder, venue), { formats: ["pdf"], venue, width, height: 2 });
    const pdf = readFileSync(path, "latin1");
    expect(pdfFacts(pdf)).toMatchObject({
      width: expect.closeTo(inches * 72, 3) as number,
      height: expect.closeTo(144, 3) as number,
    });
    const table = Number(/startxref\n(\d+)/.exec(pdf)?.[1]);
    expect(pdf.slice(table, table + 4)).toBe("xref");
    const positions = [...pdf.slice(table).matchAll(/^(\d{10}) \d{5} n/gm)].map((entry) => Number(entry[1]));
    positions.forEach((position, i) => expect(pdf.slice(position)).toMatch(new RegExp(`^${i + 1} 0 obj`)));
  });

  it("writes many figures into a folder, with the same provenance", async () => {
    const provenance = { runs: ["r1", "r2"], query: "group == 'demo'", commit: undefined, sweep: { lr: 0.1 } };
    const paths = await exportFigures({ one: figure, two: figure }, join(folder, "many"), { formats: ["svg"], provenance }); // prettier-ignore
    expect(paths.map((path) => basename(path))).toEqual(["one.svg", "one.json", "two.svg", "two.json"]);
    expect(readFileSync(paths[0], "utf8")).toBe(readFileSync(paths[2], "utf8"));
    const { provenance: kept } = JSON.parse(readFileSync(paths[3], "utf8")) as { provenance: unknown };
    expect(kept).toEqual({ runs: ["r1", "r2"], query: "group == 'demo'", sweep: { lr: 0.1 } });
  });

  it("writes an interactive page", async () => {
    const [page] = await exportFigure(figure, join(folder, "page"), { formats: ["html"] });
    const html = readFileSync(page, "utf8");
    expect(html).toContain('Plotly.newPlot("figure"');
    expect(html.match(/<\/script>/g)).toHaveLength(2);
  });

  it("refuses unknown formats and venues before it writes anything", async () => {
    const base = join(folder, "refused");
    await expect(exportFigure(figure, base, { formats: ["eps" as "svg"] })).rejects.toThrow(/format is "eps"; known formats: svg/); // prettier-ignore
    await expect(exportFigure(figure, base, { venue: "vldb" as Venue })).rejects.toThrow(/venue is "vldb"/);
    expect(readdirSync(folder).filter((name) => name.startsWith("refused"))).toEqual([]);
  });

  it("names the path that cannot be written", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    await expect(exportFigure(figure, join(file, "alpha"))).rejects.toThrow(
      /Cannot write .*file.alpha.*Choose a folder/,
    );
  });
});

it("draws the same figure the same way, also when several are asked for at once", async () => {
  const [a, b, png] = await Promise.all([
    renderSvg(figure, screenSize),
    renderSvg(figure, screenSize),
    renderPng(figure, screenSize, 1),
  ]);
  expect(b).toBe(a);
  expect(pngSize(png)).toEqual([screenSize.width, screenSize.height]);
});

it("starts another browser when the first one was killed", async () => {
  await withBrowser(async (browser) => {
    browser.process()?.kill("SIGKILL");
    await once(browser as unknown as EventEmitter, "disconnected");
  });
  expect(await renderSvg(figure, screenSize)).toContain("</svg>");
});

describe("findChromium", () => {
  afterEach(() => void delete process.env["DREAMPRM_CHROMIUM"]);

  it("takes DREAMPRM_CHROMIUM first, and says what is wrong with it", () => {
    process.env["DREAMPRM_CHROMIUM"] = process.execPath;
    expect(findChromium()).toEqual({ path: process.execPath, source: "DREAMPRM_CHROMIUM" });
    process.env["DREAMPRM_CHROMIUM"] = join(folder, "nowhere");
    expect(findChromium()).toMatchObject({ missing: expect.stringContaining("nowhere") as string });
  });

  it("reports a browser that does not start, with the remedy", async () => {
    await closeBrowser();
    process.env["DREAMPRM_CHROMIUM"] = "/bin/false";
    await expect(renderSvg(figure, screenSize)).rejects.toThrow(/\/bin\/false.*did not start.*Remedy/s);
    delete process.env["DREAMPRM_CHROMIUM"];
    expect(await withBrowser((browser) => browser.version())).toMatch(/Chrom/);
  });
});

describe.runIf(process.platform === "linux")("the browser ends with its process", () => {
  const script = join(folder, "draw.ts");
  writeFileSync(
    script,
    `import { withBrowser } from "${resolve("lib/figures/browser.ts")}";
     void withBrowser((browser) => browser.version()).then(() => {
       console.log("up");
       if (process.argv[2] === "stay") setInterval(() => {}, 1000);
       if (process.argv[2] === "throw") throw new Error("crash");
     });`,
  );

  /** Processes that have the given process's browser profile in their command line; zombies have none. */
  const browsersOf = (pid: number): string[] =>
    readdirSync("/proc").filter((entry) => {
      if (!/^\d+$/.test(entry) || !existsSync(`/proc/${entry}/cmdline`)) return false;
      try {
        return readFileSync(`/proc/${entry}/cmdline`, "utf8").includes(`dreamprm-chromium-${pid}-`);
      } catch {
        return false; // it ended meanwhile
      }
    });
  const profilesOf = (pid: number): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(`dreamprm-chromium-${pid}-`)); // prettier-ignore

  it.each([
    ["that runs out of work", "", null],
    ["that throws", "throw", null],
    ["that is killed", "stay", "SIGKILL"],
  ] as const)(
    "%s",
    async (_, mode, signal) => {
      const child = spawn(process.execPath, ["--import", "tsx", script, mode], { stdio: ["ignore", "pipe", "ignore"] });
      const pid = child.pid as number;
      await once(child.stdout, "data");
      if (signal) {
        expect(browsersOf(pid).length).toBeGreaterThan(0);
        child.kill(signal);
      }
      await once(child, "exit");
      await expect.poll(() => browsersOf(pid), { timeout: 5000 }).toEqual([]);
      if (mode === "") expect(profilesOf(pid)).toEqual([]);
    },
    30_000,
  );

  it("removes the profile that a killed process left", async () => {
    await closeBrowser();
    const orphan = mkdtempSync(join(tmpdir(), "dreamprm-chromium-999999999-"));
    await withBrowser((browser) => browser.version());
    expect(existsSync(orphan)).toBe(false);
  });
});
