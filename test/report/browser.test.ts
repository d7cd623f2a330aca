import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { closeBrowser, withBrowser } from "../../lib/figures/browser.js";
import { runReport, writeReport } from "../../lib/report/report.js";
import type { Store } from "../../lib/tracker/store.js";
import { temporaryFolder } from "../tracker/folders.js";
import { HOSTILE, ROWS, sampleStore } from "./samples.js";

const root = temporaryFolder();
const complaints: string[] = [];
let store: Store;
let page: Page;
let url: string;

beforeAll(async () => {
  store = await sampleStore();
  const weightText = (entry: string) => (entry === "row 299" ? HOSTILE : undefined);
  const { path } = await writeReport(store, join(root, "report ünï.html"), {
    weightText,
    title: HOSTILE,
  });
  url = pathToFileURL(path).href;
  page = await withBrowser((browser) => browser.newPage());
  page.on("console", (message) => complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${String(error)}`));
  page.on("request", (request) => {
    if (request.url() !== url) complaints.push(`request: ${request.url()}`);
  });
});
afterAll(async () => {
  await page.close();
  await closeBrowser();
});

/** All of a test uses the browser, so that it is kept. */
const inBrowser = (use: () => Promise<void>) => () => withBrowser(use);
/** As shown; of SVG, as written. */
const texts = (selector: string): Promise<string[]> =>
  page.$$eval(selector, (all) => all.map((e) => ((e as { innerText?: string }).innerText ?? e.textContent).trim()));
const text = async (selector: string): Promise<string> => (await texts(selector)).join("\n");
const attribute = (selector: string, name: string) => page.$eval(selector, (e, n) => e.getAttribute(n), name);
const names = () => texts(".runs tbody .name");
const openTab = (name: string) => page.click(`::-p-xpath(//*[@role="tab"][text()="${name}"])`);
const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
const paper = () => page.$eval("html", (html) => getComputedStyle(html).backgroundColor);

/** Plots are drawn once they have a width, in the frame after the change. */
const drawn = () =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

async function type(words: string): Promise<void> {
  await page.click("#filter", { count: 3 });
  await page.keyboard.press("Backspace");
  await page.type("#filter", words);
}

async function open(width: number, scheme: "light" | "dark"): Promise<void> {
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(url);
  await page.waitForSelector(".plot svg path.curve");
}

beforeEach(inBrowser(() => open(1280, "light")));

test(
  "opens from a file: all runs, their status in words, nothing loaded, nothing complained of",
  inBrowser(async () => {
    expect(await page.title()).toBe(HOSTILE);
    expect(await text("h1")).toBe(HOSTILE);
    expect(await names()).toHaveLength(7);
    expect(await names()).toContain(HOSTILE);
    expect((await texts(".runs .status")).sort()).toEqual(["failed", ...Array<string>(6).fill("finished")]);
    expect(await page.evaluate(() => (globalThis as { hacked?: unknown }).hacked)).toBeUndefined();
    expect(await page.$$("img")).toEqual([]);
    expect(complaints).toEqual([]);
  }),
);

describe("the table", () => {
  test(
    "sorts by a header's button, up, down and back; what is missing stays last",
    inBrowser(async () => {
      const column = ".runs th[data-key='summary.auc']";
      const values = () =>
        page.$$eval(".runs tbody tr", (rows) => rows.map((row) => row.querySelectorAll("td")[3].textContent));
      const unsorted = await values();
      await page.click(`${column} button`);
      expect(await attribute(column, "aria-sort")).toBe("ascending");
      expect(await values()).toEqual(["0.61", "0.62", "0.63", "0.71", "0.72", "0.73", "–"]);
      await page.keyboard.press("Enter"); // the focus stays on the button
      expect(await attribute(column, "aria-sort")).toBe("descending");
      expect(await values()).toEqual(["0.73", "0.72", "0.71", "0.63", "0.62", "0.61", "–"]);
      await page.keyboard.press("Enter");
      expect(await attribute(column, "aria-sort")).toBe("none");
      expect(await values()).toEqual(unsorted);
    }),
  );

  test(
    "filters while one types, after the key /, and tells how many match or what is wrong",
    inBrowser(async () => {
      await page.keyboard.press("/");
      await page.keyboard.type("learned auc>0.71");
      expect(await names()).toEqual(["learned", "learned"]);
      expect(await text("#matches")).toBe("2 runs of 7 match, 7 selected");
      await type("auk>0.71");
      expect(await text("#matches")).toContain("no column “auk”");
      expect(await attribute("#filter", "aria-invalid")).toBe("true");
      await type("status=failed");
      expect(await names()).toEqual([HOSTILE]);
      expect(await attribute("#filter", "aria-invalid")).toBeNull();
    }),
  );

  test(
    "selection decides what is drawn",
    inBrowser(async () => {
      const legend = () => texts(".legend li");
      expect(await legend()).toEqual(expect.arrayContaining(["learned (3 runs)", "uniform (3 runs)"]));
      await page.click(".runs thead input");
      expect(await text("#matches")).toContain("0 selected");
      expect(await text("[role=tabpanel]:not([hidden])")).toContain("Select runs in the table above.");
      await type("uniform");
      await page.click(".runs tbody tr:nth-child(2) input");
      expect(await legend()).toEqual(["uniform (1 run)"]);
      await drawn();
      expect(await page.$$eval(".card:first-of-type .curve", (curves) => curves.length)).toBe(1);
      await page.click(".runs thead input");
      expect(await legend()).toEqual(["uniform (3 runs)"]);
      expect(await text(".card .fine")).toMatch(/shown: [\d,]+ of 9,000 points/);
    }),
  );

  test(
    "arrow keys move among the rows; the space bar selects",
    inBrowser(async () => {
      await page.focus(".runs tbody tr:nth-child(1) input");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Space");
      const checked = () =>
        page.$$eval(".runs tbody input", (boxes) =>
          boxes.map((box) => (box as unknown as { checked: boolean }).checked),
        );
      expect(await checked()).toEqual([true, true, false, true, true, true, true]);
      await page.keyboard.press("End");
      await page.keyboard.press("Space");
      expect((await checked()).at(-1)).toBe(false);
    }),
  );

  test(
    "shows the columns that are chosen",
    inBrowser(async () => {
      const columns = () => texts(".runs thead button");
      expect(await columns()).toEqual(expect.arrayContaining(["name", "status", "auc", "weighting"]));
      expect(await columns()).not.toContain("loss max");
      await page.click(".menu summary");
      await page.click("::-p-xpath(//label[contains(., 'loss max')])");
      await page.keyboard.press("Escape");
      expect(await columns()).toContain("loss max");
      expect(await focused()).toBe("Columns");
    }),
  );
});

test(
  "of very many runs 200 rows are shown, and all on request",
  inBrowser(async () => {
    const record = await store.read((await store.list())[0].id);
    const many = Array.from({ length: 250 }, (_, i) => ({ ...record, id: `run-${i}`, params: { seed: i } }));
    const file = join(root, "many.html");
    writeFileSync(file, await runReport(many));
    const before = complaints.length;
    await page.goto(pathToFileURL(file).href);
    expect(await names()).toHaveLength(200);
    await page.click("::-p-xpath(//button[text()='Show all 250 rows'])");
    expect(await names()).toHaveLength(250);
    complaints.length = before; // the other file is itself a request
  }),
);

describe("the views", () => {
  test(
    "are tabs: arrow keys, Home and End move among them",
    inBrowser(async () => {
      const selected = () => text("[role=tab][aria-selected=true]");
      await page.focus("[role=tab][aria-selected=true]");
      for (const [key, name] of [
        ["ArrowRight", "Weights"],
        ["End", "Details"],
        ["ArrowRight", "Curves"],
        ["ArrowLeft", "Details"],
        ["Home", "Curves"],
      ] as const) {
        await page.keyboard.press(key);
        expect(await selected()).toBe(name);
        expect(await focused()).toBe(name);
        expect(await page.$$("[role=tabpanel]:not([hidden])")).toHaveLength(1);
      }
    }),
  );

  test(
    "curves: bands, gaps with marks, a readout that the arrow keys move",
    inBrowser(async () => {
      expect(await page.$$eval(".card:first-of-type .area", (areas) => areas.length)).toBe(2);
      expect(await page.$$eval(".card:first-of-type .odd", (marks) => marks.length)).toBe(2); // NaN and ∞ of the failed run
      expect(await text(".card .fine")).toContain("2 gaps marked");
      await page.focus(".plot");
      await page.keyboard.press("Home");
      expect(await text(".plot [aria-live]")).toMatch(/^loss, step 0: (uniform|learned) \(mean of 3\) 1\.02;/);
      await page.keyboard.press("End");
      expect(await text(".readout:not([hidden]) p")).toBe("step 2999");
      await page.keyboard.press("Escape");
      expect(await page.$$(".readout:not([hidden])")).toEqual([]);
      await page.hover(".plot");
      expect(await text(".readout:not([hidden])")).toContain("learned (mean of 3)");
      await page.click("::-p-xpath(//label[contains(., 'over seeds')])");
      expect(await texts(".legend li")).toHaveLength(7);
      await drawn();
      expect(await page.$$(".area")).toEqual([]);
    }),
  );

  test(
    "weights: a line per entry, or the spread of many with their texts",
    inBrowser(async () => {
      await openTab("Weights");
      await page.select("#weights-run", await option("learned · seed 1"));
      await drawn();
      expect(await text("[role=tabpanel]:not([hidden])")).toContain(`Spread of ${ROWS} weights over time`);
      expect(await text("td.long")).toContain(HOSTILE);
      expect(await page.$$eval("[role=tabpanel]:not([hidden]) .area", (areas) => areas.length)).toBe(2);
      await page.focus(".histogram-step");
      await page.keyboard.press("Home");
      expect(await text(".range output")).toContain("0");
      await page.select("#weights-run", await option("uniform · seed 1"));
      await drawn();
      expect((await texts(".ends text")).sort()).toEqual(["math", "science"]);
    }),
  );

  test(
    "compare: only what differs, metrics apart",
    inBrowser(async () => {
      await openTab("Compare");
      const rows = (table: string) => texts(`[aria-label="${table}"] tbody th`);
      expect(await rows("Configuration")).toEqual(["seed", "weighting", "lower.learningRate", "hidden"]); // the failed run has less
      await page.click(".runs thead input"); // all were selected: now none is
      await type("seed=1 -failed");
      await page.click(".runs thead input");
      expect(await rows("Configuration")).toEqual(["weighting"]);
      expect(await texts("[aria-label=Configuration] tbody td")).toEqual(
        expect.arrayContaining(["uniform", "instance-table"]),
      );
      expect(await rows("Summary")).toEqual(["auc"]);
      await page.click("::-p-xpath(//label[contains(., 'Also what')])");
      expect(await rows("Configuration")).toEqual(["seed", "weighting", "lower.learningRate", "hidden"]);
    }),
  );

  test(
    "seeds: mean ± std and interval of each configuration",
    inBrowser(async () => {
      await openTab("Seeds");
      const row = (await texts(".seeds tbody tr")).find((line) => line.startsWith("learned"));
      expect(row).toContain("0.720 ± 0.010");
      expect(row).toMatch(/0\.71\d to 0\.72\d|0\.710 to 0\.730/);
    }),
  );

  test(
    "details: a run's name opens its error, notes and environment",
    inBrowser(async () => {
      await type("status=failed");
      await page.click(".runs .name");
      const panel = await text("[role=tabpanel]:not([hidden])");
      expect(panel).toContain(`loss is NaN ${HOSTILE}`);
      expect(panel).toContain("commit");
      expect(panel).toContain(process.version);
      expect(await text(".notes")).toContain(HOSTILE);
      expect(await focused()).toBe("Details");
    }),
  );
});

test(
  "dark or light as the system is, until the button turns it round",
  inBrowser(async () => {
    const light = await paper();
    await page.click(".theme");
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.click(".theme");
    expect(await paper()).toBe(light);
    await open(1280, "dark");
    expect(await paper()).toBe(dark);
  }),
);

test(
  "Tab reaches the controls in the order in which they stand, each with a visible focus",
  inBrowser(async () => {
    const reached: string[] = [];
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      reached.push(
        await page.evaluate(() => {
          const at = document.activeElement;
          if (!at || at === document.body) return "";
          const visible = getComputedStyle(at).outlineStyle !== "none";
          return `${at.getAttribute("aria-label") ?? at.textContent} ${visible ? "" : "INVISIBLE"}`.trim();
        }),
      );
    }
    expect(reached.filter((name) => name.endsWith("INVISIBLE"))).toEqual([]);
    const order = ["Skip to the views", "Switch to dark colours", "Columns", "Table of runs", "name", "Curves"];
    expect(order.map((name) => reached.indexOf(name))).toEqual(
      order.map((name) => reached.indexOf(name)).sort((a, b) => a - b),
    );
    for (const name of order) expect(reached).toContain(name);
  }),
);

test(
  "printing shows every view",
  inBrowser(async () => {
    await page.emulateMediaType("print");
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    expect(await page.$$("[role=tabpanel]:not([hidden])")).toHaveLength(5);
    expect(await text("[role=tabpanel]")).toContain("Environment");
    expect(
      await page.$$eval("[role=tabpanel]", (all) => all.map((e) => e.querySelector(".plot svg") !== null)),
    ).toEqual(
      [true, true, false, false, false], // drawn at once
    );
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    await page.emulateMediaType();
    expect(await page.$$("[role=tabpanel]:not([hidden])")).toHaveLength(1);
  }),
);

const axe = readFileSync(createRequire(join(__dirname, "x")).resolve("axe-core/axe.min.js"), "utf8");
const screenshots = process.env["REPORT_SCREENSHOTS"];

test.each([
  [1280, "light"],
  [1280, "dark"],
  [400, "light"],
  [400, "dark"],
] as const)("at %i px, %s: every view is accessible, and no wider than the screen", async (width, scheme) =>
  withBrowser(async () => {
    await open(width, scheme);
    await page.evaluate(axe);
    for (const tab of ["Curves", "Weights", "Compare", "Seeds", "Details"]) {
      await openTab(tab);
      await drawn();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), tab).toBeLessThanOrEqual(0);
      if (screenshots) {
        mkdirSync(screenshots, { recursive: true });
        await page.screenshot({ path: `${join(screenshots, `${tab}-${width}-${scheme}`)}.png`, fullPage: true });
      }
      const violations = await page.evaluate(async () => {
        type Axe = {
          run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
        };
        const result = await (globalThis as unknown as { axe: Axe }).axe.run();
        return result.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html} ${nodes[0].failureSummary}`);
      });
      expect(violations, tab).toEqual([]);
    }
    expect(complaints).toEqual([]);
  }),
);

async function option(label: string): Promise<string> {
  const value = await page.$$eval(
    "#weights-run option",
    (options, wanted) => options.find((o) => o.textContent === wanted)?.getAttribute("value"),
    label,
  );
  if (value == null) throw new Error(`no option ${label}`);
  return value;
}
