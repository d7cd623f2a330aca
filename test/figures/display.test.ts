import { createRequire } from "node:module";
import { afterAll, beforeEach, expect, it } from "vitest";
import { barsWithSpread } from "../../lib/figures/figures.js";
import { liveFigure, show } from "../../lib/figures/display.js";
import { closeBrowser } from "../../lib/figures/render.js";
import { showTable, tableBundle } from "../../lib/figures/table.js";

/** What the kernel would send to the notebook. */
interface Message {
  data: Record<string, string>;
  transient: { display_id: string };
}
const sent: { message: Message; update: boolean }[] = [];
const kernel = createRequire(import.meta.url)("tslab/dist/jupyter.js") as { lastWriteDisplayData: unknown };

beforeEach(() => {
  sent.length = 0;
  kernel.lastWriteDisplayData = (message: Message, update: boolean) => sent.push({ message, update });
});
afterAll(closeBrowser);

/** The outputs as a saved notebook holds them: the last state of each. */
function saved(): Record<string, string>[] {
  const outputs = new Map<string, Record<string, string>>();
  for (const { message, update } of sent) {
    const id = message.transient.display_id;
    expect(outputs.has(id)).toBe(update);
    outputs.set(id, message.data);
  }
  return [...outputs.values()];
}

const figure = (value: number) => barsWithSpread([{ name: "a </script> b", values: [value] }], { yLabel: "AUC" });

it("shows a static picture and an interactive plot, and sends Plotly once without keeping it", async () => {
  await show(figure(0.5));
  expect(JSON.stringify(sent[0])).toContain("DecompressionStream");
  const [loader, picture, plot] = saved();
  expect(loader).toEqual({ "text/html": "" });
  expect(picture["image/svg+xml"]).toMatch(/^<svg.*<\/svg>$/s);
  expect(picture["image/svg+xml"].length).toBeLessThan(60_000);
  expect(picture["text/plain"]).toContain("AUC: a </script> b 0.500");
  expect(plot["text/html"]).toContain("Plotly.react");
  expect(plot["text/html"].split("</script>")).toHaveLength(2);

  const before = sent.length;
  await show(figure(0.5));
  expect(sent.length).toBe(before + 2);
  expect(JSON.stringify(saved()).length).toBeLessThan(100_000);
});

it("updates a live figure in place, not too often, and ends with the last state", async () => {
  const live = liveFigure(figure(0.1));
  const created = sent.length;
  for (let i = 0; i < 60; i++) {
    live.update(figure(0.2 + i / 100));
    await new Promise((done) => setTimeout(done, 10));
  }
  const updates = sent.slice(created);
  expect(updates.every(({ update }) => update)).toBe(true);
  expect(updates.length).toBeGreaterThanOrEqual(2);
  expect(updates.length).toBeLessThanOrEqual(5);

  await new Promise((done) => setTimeout(done, 250));
  expect(sent.at(-1)?.message.data["text/html"]).toContain("0.79");
  live.update(figure(0.95));
  await live.finish();
  const [picture, plot] = saved().slice(-2);
  expect(picture["image/svg+xml"]).toMatch(/^<svg/);
  expect(plot["text/html"]).toContain("0.95");
  const after = sent.length;
  await new Promise((done) => setTimeout(done, 250));
  expect(sent.length).toBe(after);
});

it("shows tables as HTML and as text", () => {
  const rows = [
    { method: "vanilla", auc: 0.571234, seeds: 3 },
    { method: "a < b", auc: null, seeds: 12 },
  ];
  showTable(rows);
  expect(saved()[0]["text/html"]).toContain("<td style=\"text-align:left\">a &#60; b</td>"); // prettier-ignore
  expect(tableBundle(rows)["text/plain"].split("\n")).toEqual([
    "method      auc  seeds",
    "-------  ------  -----",
    "vanilla  0.5712      3",
    "a < b               12",
  ]);
  expect(tableBundle(rows, ["seeds"])["text/plain"]).toBe("seeds\n-----\n    3\n   12");
  expect(() => tableBundle(rows, ["accuracy"])).toThrow(/no row has a column "accuracy"; columns: method, auc, seeds/);
});

it("says where it works when there is no kernel", () => {
  kernel.lastWriteDisplayData = null;
  expect(() => showTable([{ a: 1 }])).toThrow(/notebook on the tslab kernel/);
});
