import type { Random } from "../../core/random.js";
import { COLOURS, FAINT, HEIGHT, INK, WIDTH, circle, line, polygon, px, rect, scene, text } from "./draw.js";
import { values } from "./charts.js";
import { PEOPLE } from "./people.js";
import { between, type Draft, type Quantity } from "./question.js";
import { differenceTimes, shareOut, sumMinus, timesAndMore } from "./recipes.js";

const SHAPES = {
  circles: (x, y, fill) => circle(x, y, 8, fill),
  squares: (x, y, fill) => rect(x - 7, y - 7, 14, 14, fill, 'rx="1.5"'),
  triangles: (x, y, fill) => polygon([[x, y - 9], [x + 9, y + 7], [x - 9, y + 7]], fill), // prettier-ignore
  stars: (x, y, fill) => polygon(star(x, y), fill),
} satisfies Record<string, (x: number, y: number, fill: string) => string>;

/** Counting: up to 34 shapes of three kinds scattered over the picture. */
export function countShapes(random: Random): Draft {
  const kinds = random.shuffle(Object.keys(SHAPES) as (keyof typeof SHAPES)[]).slice(0, 3);
  const shown = values(kinds, random, 3, 14);
  const [a, b, c] = kinds;
  const owner = random.pick(PEOPLE);
  const [ask, recipe] = random.pick([
    () => {
      const points = { name: "points", value: between(random, 2, 9) };
      const ask = `Each shape is worth ${points.value} points. How many more points are the ${a} worth than the ${b}?`;
      return [ask, differenceTimes(a, b, points)] as const;
    },
    () => {
      const erased = { name: "erased", value: between(random, 2, 12) };
      const ask = `Then ${erased.value} of the ${a}, ${b} and ${c} are erased. How many of them remain?`;
      return [ask, sumMinus(a, b, c, erased)] as const;
    },
    () => {
      const rows = { name: "rows", value: between(random, 2, 4) };
      const ask = `The ${a} and ${b} are laid out in ${rows.value} equal rows. How many are in one row?`;
      return [ask, shareOut(a, b, rows)] as const;
    },
    () => {
      const weight = { name: "weight", value: between(random, 2, 6) };
      const ask = `One of the ${a} counts ${weight.value} points, one of the ${b} a single point. How many points do both kinds bring?`;
      return [ask, timesAndMore(a, b, weight)] as const;
    },
  ])();
  const total = shown.reduce((sum, { value }) => sum + value, 0);
  if (total > 34) return countShapes(random);
  return {
    scene: `${owner} drew some ${kinds.join(", ")} on a sheet.`,
    ask,
    picture: "sheet of shapes",
    svg: () => scene(`${owner}'s sheet of shapes`, scatter(shown, random.fork("places"))),
    shown,
    recipe,
  };
}

function scatter(shown: readonly Quantity[], random: Random): string[] {
  const columns = 8;
  const cell = { width: (WIDTH - 24) / columns, height: (HEIGHT - 42) / 5 };
  const places = random.shuffle(Array.from({ length: columns * 5 }, (_, i) => i));
  const colours = random.shuffle(COLOURS);
  let next = 0;
  return shown.flatMap(({ name, value }, kind) =>
    Array.from({ length: value }, () => {
      const place = places[next++];
      const x = 12 + ((place % columns) + 0.5) * cell.width + (random.next() - 0.5) * 10;
      const y = 32 + (Math.floor(place / columns) + 0.5) * cell.height + (random.next() - 0.5) * 10;
      return SHAPES[name as keyof typeof SHAPES](x, y, colours[kind]);
    }),
  );
}

function star(x: number, y: number): [number, number][] {
  return Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 === 0 ? 10 : 4.5;
    const angle = (i * Math.PI) / 5 - Math.PI / 2;
    return [Number(px(x + radius * Math.cos(angle))), Number(px(y + radius * Math.sin(angle)))];
  });
}

const COLUMNS = ["apples", "pears", "eggs", "rolls", "plums", "nuts", "figs"];

/** Table: three people by three goods; a reading is named person_good. */
export function table(random: Random): Draft {
  const people = random.shuffle(PEOPLE).slice(0, 3);
  const goods = random.shuffle(COLUMNS).slice(0, 3);
  const cells = people.flatMap((person) => goods.map((good) => `${person}_${good}`));
  const shown = values(cells, random, 3, 38);
  const [p, q] = people;
  const [g, h] = goods;
  const [ask, recipe] = random.pick([
    () => {
      const price = { name: "price", value: between(random, 2, 8) };
      const ask = `At a price of ${price.value} cents each, how many cents more do the ${g} of ${p} cost than those of ${q}?`;
      return [ask, differenceTimes(`${p}_${g}`, `${q}_${g}`, price)] as const;
    },
    () => {
      const eaten = { name: "eaten", value: between(random, 2, 15) };
      const ask = `Of all ${g} in the table ${eaten.value} have been eaten. How many ${g} are left?`;
      const [first, second, third] = people.map((person) => `${person}_${g}`);
      return [ask, sumMinus(first, second, third, eaten)] as const;
    },
    () => {
      const bags = { name: "bags", value: between(random, 2, 5) };
      const ask = `${p} packs the ${g} and the ${h} into ${bags.value} bags of equal size. How many pieces go into a bag?`;
      return [ask, shareOut(`${p}_${g}`, `${p}_${h}`, bags)] as const;
    },
    () => {
      const factor = { name: "factor", value: between(random, 2, 5) };
      const ask = `${p} buys ${factor.value} times as many ${g} and leaves the ${h} as they are. How many pieces is that in total?`;
      return [ask, timesAndMore(`${p}_${g}`, `${p}_${h}`, factor)] as const;
    },
  ])();
  return {
    scene: `The table lists the ${goods.join(", ")} that ${people.join(", ")} bought.`,
    ask,
    picture: "table",
    svg: () => scene("Shopping list", cellsOf(people, goods, shown)),
    shown,
    recipe,
  };
}

function cellsOf(people: readonly string[], goods: readonly string[], shown: readonly Quantity[]): string[] {
  const [left, top, width, height] = [16, 36, 62, 38];
  const right = left + 4 * width;
  const x = (column: number) => left + (column + 0.5) * width;
  const y = (row: number) => top + (row + 0.5) * height + 4;
  return [
    rect(left, top, 4 * width, height, COLOURS[0], 'rx="3"'),
    ...[1, 3].map((row) => rect(left, top + row * height, 4 * width, height, "#f1f4f8")),
    ...goods.map((good, i) => text(x(i + 1), y(0), good, { size: 12, bold: true, fill: "#ffffff" })),
    ...people.flatMap((person, row) => [
      text(x(0), y(row + 1), person, { size: 12, bold: true }),
      ...goods.map((_, column) => text(x(column + 1), y(row + 1), shown[row * 3 + column].value, { size: 13 })),
    ]),
    ...[1, 2, 3].map((column) =>
      line(left + column * width, top + height, left + column * width, top + 4 * height, FAINT),
    ),
    line(left, top + 4 * height, right, top + 4 * height, INK),
  ];
}
