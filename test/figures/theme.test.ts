import { describe, expect, it } from "vitest";
import { apart, textPositions, twoLines } from "../../lib/figures/labels.js";
import { keptPoints, quantileOfSorted, rankCorrelation } from "../../lib/figures/statistics.js";
import { mark, scaleColor, themed, venueSize, type Venue } from "../../lib/figures/theme.js";

describe("venueSize", () => {
  it.each([
    ["neurips", "column", 5.5, 9, 7],
    ["icml", "column", 3.25, 8, 6],
    ["icml", "full", 6.75, 8, 6],
    ["acl", "column", 3.03, 9, 7],
    ["ieee", "full", 7.16, 8, 8],
  ] as const)("%s, %s: %f in, %d pt", (venue, width, inches, font, tick) => {
    const size = venueSize(venue, width);
    expect(size.width / 96).toBeCloseTo(inches, 12);
    expect(size.height / size.width).toBeCloseTo(0.618, 12);
    expect([size.font, size.tick, size.line]).toEqual(
      [font, tick, 1].map((points) => expect.closeTo(points / 0.75, 12) as number),
    );
  });

  it("names what it knows where it knows not", () => {
    expect(() => venueSize("nips" as Venue)).toThrow(/venue is "nips"; known venues: neurips, iclr/);
    expect(() => venueSize("icml", "half" as "full")).toThrow(/width is "half"/);
    expect(() => venueSize("icml", "full", 0)).toThrow(/height is 0/);
  });
});

it("breaks axis titles that are longer than the plot", () => {
  const title = { text: "share of headroom closed (95 % interval, seeds open)" };
  const figure = { data: [], layout: { xaxis: { title, dtick: 1 }, yaxis: { title: { text: "AUC" } } }, alt: "" };
  const { xaxis, yaxis } = themed(figure, venueSize("icml")).layout as typeof figure.layout;
  expect(xaxis).toEqual({ title: { text: "share of headroom closed<br>(95 % interval, seeds open)" }, dtick: 1 });
  expect(yaxis.title.text).toBe("AUC");
  expect((themed(figure, venueSize("icml", "full")).layout as typeof figure.layout).xaxis.title).toEqual(title);
});

it("tells any 40 things apart by colour and dash, and neighbours by each of them", () => {
  const marks = Array.from({ length: 40 }, (_, i) => mark(i));
  expect(new Set(marks.map(({ color, dash }) => color + dash)).size).toBe(40);
  expect(new Set(marks.map(({ color, pattern }) => color + pattern)).size).toBe(40);
  for (let i = 1; i < 40; i++) {
    expect(marks[i].color).not.toBe(marks[i - 1].color);
    expect(marks[i].dash).not.toBe(marks[i - 1].dash);
    expect(marks[i].symbol).not.toBe(marks[i - 1].symbol);
    expect(marks[i].pattern).not.toBe(marks[i - 1].pattern);
  }
});

it("scales colours between the palette's ends", () => {
  expect([0, 0.5, 1, 2].map(scaleColor)).toEqual(["#d55e00", "#8a8a8a", "#0072b2", "#0072b2"]);
});

describe("labels", () => {
  it("moves only what is too near, evenly around where it belongs", () => {
    expect(apart([0.1, 0.5, 0.9], 0.1)).toEqual([0.1, 0.5, 0.9]);
    const [a, b] = apart([0.5, 0.52], 0.1);
    expect([a, b]).toEqual([expect.closeTo(0.46, 12), expect.closeTo(0.56, 12)]);
  });

  it("keeps the gap and the borders for any crowd", () => {
    for (const wanted of [[0, 0, 0, 0], [1, 1, 1], [0.2, 0.2, 0.25, 0.9, 1], Array.from({ length: 30 }, () => 0.5)]) {
      const gap = Math.min(0.1, 1 / (wanted.length - 1));
      const placed = apart(wanted, 0.1);
      expect(placed[0]).toBeGreaterThanOrEqual(0);
      expect(placed.at(-1)).toBeLessThanOrEqual(1 + 1e-12);
      for (let i = 1; i < placed.length; i++) expect(placed[i] - placed[i - 1]).toBeGreaterThanOrEqual(gap - 1e-12);
    }
  });

  it("sets the texts of two equal points on different sides, inside the plot", () => {
    const point = { text: "a long name", x: 0.97, y: 0.5, spread: 0 };
    const [first, second] = textPositions([point, point]);
    expect(first).toMatch(/left/);
    expect(second).not.toBe(first);
  });

  it("breaks long texts at the space next to the middle", () => {
    expect(twoLines("domain weights", 8)).toBe("domain<br>weights");
    expect(twoLines("short", 8)).toBe("short");
    expect(twoLines("unbreakable", 8)).toBe("unbreakable");
  });
});

describe("statistics", () => {
  it("ranks with ties", () => {
    expect(rankCorrelation([1, 2, 3], [10, 20, 21])).toBeCloseTo(1, 12);
    expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
    expect(rankCorrelation([1, 1, 2], [1, 2, 3])).toBeCloseTo(Math.sqrt(3) / 2, 12); // ranks (1.5, 1.5, 3)
    expect(rankCorrelation([1, 1], [1, 2])).toBeNaN();
  });

  it("takes quantiles between neighbours", () => {
    expect([0, 0.25, 0.5, 1].map((f) => quantileOfSorted([1, 2, 4], f))).toEqual([1, 1.5, 2, 4]);
  });

  it("keeps ascending, distinct points", () => {
    const x = Array.from({ length: 1001 }, (_, i) => i);
    const kept = keptPoints(x, x.map(Math.sin), 100);
    expect(kept).toHaveLength(100);
    for (let i = 1; i < kept.length; i++) expect(kept[i]).toBeGreaterThan(kept[i - 1]);
  });
});
