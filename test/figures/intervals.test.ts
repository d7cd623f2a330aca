import { describe, expect, it } from "vitest";
import { intervals } from "../../lib/figures/figures.js";
import { textPositions } from "../../lib/figures/labels.js";

describe("intervals", () => {
  it("has a row per name, the best on top, and the groups of a row side by side", () => {
    const figure = intervals(
      [
        { name: "net", group: "steps", value: 0.2, interval: [0.1, 0.3] },
        { name: "net", group: "outcomes", value: 0, interval: [-0.1, 0.1] },
        { name: "table", group: "steps", value: 0.1 },
      ],
      { xLabel: "step AUC − vanilla", references: [{ label: "vanilla", value: 0 }] },
    );
    const [reference, bars, steps, , outcomes] = figure.data;
    expect(figure.layout["yaxis"]).toMatchObject({ ticktext: ["table", "net"], tickvals: [0, 1] });
    expect(reference).toMatchObject({ name: "vanilla", x: [0, 0] });
    expect(bars).toMatchObject({ x: [0.1, 0.3, null], y: [1.13, 1.13, null] });
    expect(steps).toMatchObject({ name: "steps", x: [0.2, 0.1], y: [1.13, 0] });
    expect(outcomes).toMatchObject({ name: "outcomes", x: [0], y: [0.87] });
    expect(figure.alt).toContain("net, steps, 0.200 [0.10, 0.30]; table, steps, 0.100");
  });

  it.each([
    [[], /no entries/],
    [[{ name: "a", value: NaN }], /"a" is NaN/],
    [[{ name: "a", value: 1, interval: [0, Infinity] as const }], /"a" is 1 \[0, Infinity\]/],
    [[{ name: "a", value: 1 }, { name: "a", value: 2 }], /"a" is given twice/], // prettier-ignore
  ])("refuses %j", (entries, message) => {
    expect(() => intervals(entries, { xLabel: "x" })).toThrow(message);
  });
});

describe("textPositions", () => {
  it("sets the labels of nearly equal points apart", () => {
    const points = [
      { text: "clock", x: 0.09, y: 0.08, spread: 0 },
      { text: "grid", x: 0.27, y: 0.075, spread: 0.005 },
      { text: "pie", x: 0.27, y: 0.07, spread: 0.005 },
      { text: "counting", x: 0.45, y: 0.09, spread: 0.005 },
      { text: "balance", x: 0.45, y: 0.085, spread: 0.005 },
      { text: "sets", x: 0.54, y: 0.14, spread: 0.09 },
    ];
    const places = textPositions(points);
    expect(places[3].split(" ")[1]).not.toBe(places[4].split(" ")[1]);
    expect(new Set([places[3], places[4]])).not.toContain("bottom center"); // outside of the plot
  });
});
