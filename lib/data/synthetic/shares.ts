import type { Random } from "../../core/random.js";
import { COLOURS, INK, circle, path, px, scene, text } from "./draw.js";
import { values } from "./charts.js";
import { PEOPLE } from "./people.js";
import { between, operation, type Draft, type Quantity, type Recipe } from "./question.js";
import { differenceTimes, sumMinus, timesAndMore } from "./recipes.js";

const CLUBS = ["Chess", "Music", "Swim", "Drama", "Art", "Dance"];

/** Venn diagram of two sets: four regions. */
export function vennSets(random: Random): Draft {
  const [first, second] = random.shuffle(CLUBS);
  const regions = [`only_${first}`, "in_both", `only_${second}`, "neither"];
  const shown = values(regions, random, 3, 34);
  const [left, both, right] = regions;
  const school = `${random.pick(PEOPLE)}'s school`;
  const [ask, recipe] = random.pick([
    () => {
      const absent = { name: "absent", value: between(random, 2, 12) };
      const ask = `On a day when ${absent.value} members are absent, how many pupils of ${first} or ${second} are there?`;
      return [ask, sumMinus(left, both, right, absent)] as const;
    },
    () => {
      const fee = { name: "fee", value: between(random, 2, 9) };
      const ask = `The fee is ${fee.value} euros a pupil. How much more do pupils in both clubs pay than those in ${first} only?`;
      return [ask, differenceTimes(both, left, fee)] as const;
    },
    () => {
      const lessons = { name: "lessons", value: between(random, 2, 4) };
      const ask = `Pupils in both clubs take ${lessons.value} lessons each, pupils in ${second} only take one. How many places are taken?`;
      return [ask, timesAndMore(both, right, lessons)] as const;
    },
  ])();
  return {
    scene: `The Venn diagram shows how many pupils of ${school} are in the clubs ${first} and ${second}.`,
    ask,
    picture: "Venn diagram",
    svg: () =>
      scene(`Clubs at ${school}`, [
        circle(108, 112, 66, COLOURS[0], 'fill-opacity="0.35" stroke="#4c78a8" stroke-width="1.5"'),
        circle(172, 112, 66, COLOURS[1], 'fill-opacity="0.35" stroke="#f58518" stroke-width="1.5"'),
        text(78, 42, first, { bold: true }),
        text(202, 42, second, { bold: true }),
        ...[78, 140, 202].map((x, i) => text(x, 117, shown[i].value, { size: 14 })),
        text(244, 192, `neither: ${shown[3].value}`, { size: 11 }),
      ]),
    shown,
    recipe,
  };
}

const TRAVEL = ["Bus", "Bike", "Train", "Car", "Tram", "Foot"];

/** Pie chart: four shares in per cent of a total that the text gives. */
export function pieChart(random: Random): Draft {
  const names = random.shuffle(TRAVEL).slice(0, 4);
  const shown = percentages(names, random);
  const town = `${random.pick(PEOPLE)}'s firm`;
  const people = { name: "people", value: 20 * between(random, 2, 20) };
  const [a, b] = names;
  const [ask, recipe] = random.pick([
    () => [`How many of them come by ${a}?`, shareOfTotal(a, people)] as const,
    () => [`How many of them come by ${a} or ${b}?`, combinedShare(a, b, people, "+")] as const,
    () => [`How many more of them come by ${a} than by ${b}?`, combinedShare(a, b, people, "-")] as const,
  ])();
  return {
    scene: `The pie chart shows how the ${people.value} people of ${town} come to work, in percent.`,
    ask,
    picture: "pie chart",
    svg: () => scene(`Way to work, ${town} (%)`, slices(shown)),
    shown,
    recipe,
  };
}

function shareOfTotal(a: string, people: Quantity): Recipe {
  return {
    readings: [a],
    givens: [people],
    rule: {
      goal: `${a} percent of people`,
      text: `A share in percent means hundredths: multiply ${a} by people, then divide by 100.`,
      operations: [operation("scaled", a, "×", people.name), operation("headcount", "scaled", "/", 100)],
    },
    wrongRules: [
      {
        goal: `people without ${a}`,
        text: `The share can simply be taken away from people once.`,
        operations: [operation("headcount", people.name, "-", a)],
      },
      {
        goal: `${a} of people, in tenths`,
        text: `Percent means tenths: multiply ${a} by people, then divide by 10.`,
        operations: [operation("scaled", a, "×", people.name), operation("headcount", "scaled", "/", 10)],
      },
    ],
  };
}

function combinedShare(a: string, b: string, people: Quantity, operator: "+" | "-"): Recipe {
  const kinds = { "+": "sum", "-": "difference" } as const;
  const build = (operator: "+" | "-") => ({
    goal: `the ${kinds[operator]} of the shares ${a} and ${b}, as a count of people`,
    text: `Take the ${kinds[operator]} of ${a} and ${b} in percent; a percent is a hundredth of people.`,
    operations: [
      operation("joint_share", a, operator, b),
      operation("scaled", "joint_share", "×", people.name),
      operation("headcount", "scaled", "/", 100),
    ],
  });
  return {
    readings: [a, b],
    givens: [people],
    rule: build(operator),
    wrongRules: [
      {
        ...build(operator === "+" ? "-" : "+"),
        text: `Whatever is asked, take the other combination of ${a} and ${b}.`,
      },
      {
        goal: `the share ${a} alone, as a count of people`,
        text: `Only ${a} matters, so ${b} can be ignored; a percent is a hundredth of people.`,
        operations: [operation("scaled", a, "×", people.name), operation("headcount", "scaled", "/", 100)],
      },
    ],
  };
}

/** Four distinct multiples of 5 that add up to 100. */
function percentages(names: readonly string[], random: Random): Quantity[] {
  for (;;) {
    const parts = names.slice(1).map(() => 5 * between(random, 1, 9));
    const last = 100 - parts.reduce((a, b) => a + b);
    if (last < 5 || new Set([...parts, last]).size < names.length) continue;
    return [...parts, last].map((value, i) => ({ name: names[i], value }));
  }
}

function slices(shown: readonly Quantity[]): string[] {
  const [x, y, radius] = [112, 116, 78];
  let start = 0;
  return shown.flatMap(({ name, value }, i) => {
    const point = (share: number, r: number) => {
      const angle = 2 * Math.PI * (share / 100) - Math.PI / 2;
      return [x + r * Math.cos(angle), y + r * Math.sin(angle)];
    };
    const at = (share: number) => point(share, radius).map(px).join(" ");
    const [labelX, labelY] = point(start + value / 2, radius * 0.7);
    const wedge = `M${x} ${y}L${at(start)}A${radius} ${radius} 0 ${value > 50 ? 1 : 0} 1 ${at(start + value)}Z`;
    start += value;
    const row = 70 + i * 26;
    return [
      path(wedge, COLOURS[i], 'stroke="#ffffff" stroke-width="1.5"'),
      text(labelX, labelY + 4, value, { size: 11, bold: true, fill: "#ffffff" }),
      circle(216, row - 4, 5, COLOURS[i]),
      text(227, row, name, { anchor: "start", fill: INK }),
    ];
  });
}
