import type { Random } from "../../core/random.js";
import { COLOURS, HEIGHT, INK, line, polygon, rect, scene, text } from "./draw.js";
import { PEOPLE } from "./people.js";
import { between, operation, type Draft, type Quantity, type Recipe } from "./question.js";

/** Balance: equal boxes and a weight on the left, one weight on the right. */
export function balance(random: Random): Draft {
  const box = between(random, 3, 15);
  const boxes = between(random, 2, 5);
  const small = between(random, 4, 25);
  const shown = [
    { name: "boxes", value: boxes },
    { name: "left_weight", value: small },
    { name: "right_weight", value: boxes * box + small },
  ];
  const owner = random.pick(PEOPLE);
  const [ask, recipe] = random.pick([
    () => {
      const order = { name: "order", value: between(random, 6, 12) };
      const ask = `All boxes are equal. How many kilograms do ${order.value} such boxes weigh?`;
      return [ask, boxRecipe(order, "×")] as const;
    },
    () => {
      const crate = { name: "crate", value: between(random, 6, 19) };
      const ask = `All boxes are equal. How many kilograms does one box weigh in a crate of ${crate.value} kilograms?`;
      return [ask, boxRecipe(crate, "+")] as const;
    },
  ])();
  return {
    scene: `${owner}'s balance is level: the left pan holds boxes and a weight, the right pan one weight (kilograms).`,
    ask,
    picture: "balance",
    svg: () => scene(`${owner}'s balance`, drawing(boxes, small, shown[2].value)),
    shown,
    recipe,
  };
}

function boxRecipe(given: Quantity, operator: "×" | "+"): Recipe {
  const last = operator === "×" ? `multiply by ${given.name}` : `add ${given.name}`;
  const rest = operation("load", "right_weight", "-", "left_weight");
  const box = operation("box_weight", "load", "/", "boxes");
  return {
    readings: ["boxes", "left_weight", "right_weight"],
    givens: [given],
    rule: {
      goal: `the weight of one box; then ${last}`,
      text: `Subtract left_weight from right_weight and divide by boxes for the weight of one box; ${last}.`,
      operations: [rest, box, operation("outcome", "box_weight", operator, given.name)],
    },
    wrongRules: [
      {
        goal: `the weight of all boxes; then ${last}`,
        text: `Subtract left_weight from right_weight; the number of boxes can be ignored; ${last}.`,
        operations: [rest, operation("outcome", "load", operator, given.name)],
      },
      {
        goal: `the weight of all boxes less their number; then ${last}`,
        text: `Subtract left_weight from right_weight and simply take boxes away once; ${last}.`,
        operations: [
          rest,
          operation("box_weight", "load", "-", "boxes"),
          operation("outcome", "box_weight", operator, given.name),
        ],
      },
    ],
  };
}

function drawing(boxes: number, small: number, large: number): string[] {
  const [beam, pan] = [72, 128];
  const side = (x: number) => [
    line(x, beam, x - 46, pan, INK, 1),
    line(x, beam, x + 46, pan, INK, 1),
    rect(x - 58, pan, 116, 5, INK, 'rx="2.5"'),
  ];
  const weight = (x: number, label: number, size: number) => [
    rect(x - 5, pan - size - 5, 10, 6, COLOURS[4]),
    rect(x - size / 2, pan - size, size, size, COLOURS[4], 'rx="4"'),
    text(x, pan - size / 2 + 4, label, { size: 11, bold: true, fill: "#ffffff" }),
  ];
  const step = Math.min(20, 74 / boxes);
  const size = step - 2;
  return [
    line(140, beam, 140, HEIGHT - 26, INK, 4),
    polygon([[112, HEIGHT - 18], [168, HEIGHT - 18], [140, HEIGHT - 36]], INK), // prettier-ignore
    line(72, beam, 208, beam, INK, 4),
    ...side(72),
    ...side(208),
    ...Array.from({ length: boxes }, (_, i) => [
      rect(17 + i * step, pan - size, size, size, COLOURS[1], 'rx="2"'),
      text(17 + i * step + size / 2, pan - size / 2 + 4, "?", { size: 10, bold: true, fill: "#ffffff" }),
    ]).flat(),
    ...weight(110, small, 28),
    ...weight(208, large, 40),
    text(72, pan + 24, `${boxes} boxes and ${small} kg`, { size: 10 }),
    text(208, pan + 24, `${large} kg`, { size: 10 }),
  ];
}
