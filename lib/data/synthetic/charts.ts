import type { Random } from "../../core/random.js";
import { COLOURS, FAINT, HEIGHT, WIDTH, circle, line, path, px, rect, scene, text } from "./draw.js";
import { PEOPLE } from "./people.js";
import { between, type Draft, type Quantity } from "./question.js";
import { differenceTimes, shareOut, sumMinus, timesAndMore } from "./recipes.js";

const THEMES = [
  { title: "Cups sold", unit: "cups", place: "kiosk", names: ["Tea", "Milk", "Juice", "Cocoa", "Coffee", "Water"] },
  {
    title: "Books lent",
    unit: "books",
    place: "library",
    names: ["Crime", "Poetry", "Travel", "Comics", "Art", "Law"],
  },
  { title: "Trees planted", unit: "trees", place: "park", names: ["Oak", "Birch", "Pine", "Maple", "Lime", "Ash"] },
  { title: "Cakes baked", unit: "cakes", place: "bakery", names: ["Apple", "Plum", "Nut", "Lemon", "Cream", "Berry"] },
] as const;

const PLOT = { left: 34, right: WIDTH - 12, top: 34, bottom: HEIGHT - 30 };

/** Bar chart: amounts of four or five kinds. */
export function barChart(random: Random): Draft {
  const theme = random.pick(THEMES);
  const shown = values(random.shuffle(theme.names).slice(0, between(random, 4, 5)), random, 4, 39);
  const [a, b, c] = random.shuffle(shown.map(({ name }) => name));
  const owner = `${random.pick(PEOPLE)}'s ${theme.place}`;
  const [ask, recipe] = random.pick([
    () => {
      const points = { name: "points", value: between(random, 2, 9) };
      const ask = `Each of the ${theme.unit} counts ${points.value} points. How many more points does ${a} get than ${b}?`;
      return [ask, differenceTimes(a, b, points)] as const;
    },
    () => {
      const lost = { name: "lost", value: between(random, 2, 15) };
      const ask = `Later ${lost.value} ${theme.unit} were lost. How many of ${a}, ${b} and ${c} together are left?`;
      return [ask, sumMinus(a, b, c, lost)] as const;
    },
    () => {
      const shelves = { name: "shelves", value: between(random, 2, 5) };
      const ask = `The ${theme.unit} of ${a} and ${b} are spread evenly over ${shelves.value} shelves. How many are on one shelf?`;
      return [ask, shareOut(a, b, shelves)] as const;
    },
    () => {
      const factor = { name: "factor", value: between(random, 2, 4) };
      const ask = `Next year ${a} is expected to grow to ${factor.value} times its value while ${b} stays. What will both be together?`;
      return [ask, timesAndMore(a, b, factor)] as const;
    },
  ])();
  return {
    scene: `The bar chart shows the ${theme.unit} of ${owner} by kind.`,
    ask,
    picture: "bar chart",
    svg: () => scene(`${theme.title} at ${owner}`, bars(shown)),
    shown,
    recipe,
  };
}

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** Line chart: one value a day. */
export function lineChart(random: Random): Draft {
  const first = random.integer(3);
  const shown = values(DAYS.slice(first, first + 5), random, 5, 38);
  const [a, b, c] = random.shuffle(shown.map(({ name }) => name));
  const owner = random.pick(PEOPLE);
  const [ask, recipe] = random.pick([
    () => {
      const cost = { name: "cost", value: between(random, 2, 8) };
      const ask = `Each visitor pays ${cost.value} euros. How many more euros came in on ${a} than on ${b}?`;
      return [ask, differenceTimes(a, b, cost)] as const;
    },
    () => {
      const children = { name: "children", value: between(random, 2, 14) };
      const ask = `On ${a}, ${b} and ${c} together ${children.value} visitors were children. How many were not?`;
      return [ask, sumMinus(a, b, c, children)] as const;
    },
    () => {
      const groups = { name: "groups", value: between(random, 2, 5) };
      const ask = `The visitors of ${a} and ${b} were led round in ${groups.value} equal groups. How large was one group?`;
      return [ask, shareOut(a, b, groups)] as const;
    },
  ])();
  return {
    scene: `The line chart shows the visitors of ${owner}'s museum on five days.`,
    ask,
    picture: "line chart",
    svg: () => scene(`Visitors of ${owner}'s museum`, polyline(shown)),
    shown,
    recipe,
  };
}

/** Distinct values, one for each name. */
export function values(names: readonly string[], random: Random, low: number, high: number): Quantity[] {
  const drawn = new Set<number>();
  while (drawn.size < names.length) drawn.add(between(random, low, high));
  return [...drawn].map((value, i) => ({ name: names[i], value }));
}

function bars(shown: readonly Quantity[]): string[] {
  const { y, grid } = axis(shown);
  const slot = (PLOT.right - PLOT.left) / shown.length;
  return [
    ...grid,
    ...shown.flatMap(({ name, value }, i) => {
      const x = PLOT.left + (i + 0.5) * slot;
      const width = slot * 0.56;
      return [
        rect(x - width / 2, y(value), width, PLOT.bottom - y(value), COLOURS[i], 'rx="2"'),
        text(x, y(value) - 4, value, { size: 10 }),
        text(x, PLOT.bottom + 15, name),
      ];
    }),
    line(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom),
  ];
}

function polyline(shown: readonly Quantity[]): string[] {
  const { y, grid } = axis(shown);
  const x = (i: number) => PLOT.left + ((i + 0.5) * (PLOT.right - PLOT.left)) / shown.length;
  const points = shown.map(({ value }, i) => `${px(x(i))} ${px(y(value))}`);
  return [
    ...grid,
    path(`M${points.join("L")}`, "none", `stroke="${COLOURS[0]}" stroke-width="2" stroke-linejoin="round"`),
    ...shown.flatMap(({ name, value }, i) => [
      circle(x(i), y(value), 3.5, COLOURS[0]),
      text(x(i), y(value) + (isValley(shown, i) ? 16 : -8), value, { size: 10, bold: true }),
      text(x(i), PLOT.bottom + 15, name),
    ]),
    line(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom),
  ];
}

/** A label above a valley would lie on the line. */
function isValley(shown: readonly Quantity[], i: number): boolean {
  const before = shown[i - 1] ?? shown[i + 1];
  const after = shown[i + 1] ?? shown[i - 1];
  return shown[i].value > 8 && shown[i].value < (before.value + after.value) / 2;
}

function axis(shown: readonly Quantity[]) {
  const top = Math.ceil((Math.max(...shown.map(({ value }) => value)) + 3) / 10) * 10;
  const y = (value: number) => PLOT.bottom - (value / top) * (PLOT.bottom - PLOT.top);
  const ticks = Array.from({ length: top / 10 + 1 }, (_, i) => i * 10);
  const grid = ticks.flatMap((tick) => [
    line(PLOT.left, y(tick), PLOT.right, y(tick), FAINT),
    text(PLOT.left - 6, y(tick) + 4, tick, { size: 9, anchor: "end" }),
  ]);
  return { y, grid };
}
