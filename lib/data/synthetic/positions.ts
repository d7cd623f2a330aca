import type { Random } from "../../core/random.js";
import { COLOURS, FAINT, INK, circle, line, polygon, scene, text } from "./draw.js";
import { PEOPLE } from "./people.js";
import { between, operation, type Draft, type Quantity, type Recipe } from "./question.js";

/** Grid: the way of a robot from its cell to a flag. */
export function gridPath(random: Random): Draft {
  const [columns, rows] = [14, 9];
  const shown = [
    { name: "robot_column", value: between(random, 1, 6) },
    { name: "robot_row", value: between(random, 1, 4) },
    { name: "flag_column", value: between(random, 8, columns) },
    { name: "flag_row", value: between(random, 5, rows) },
  ];
  const owner = random.pick(PEOPLE);
  const [ask, recipe] = random.pick([
    () => {
      const energy = { name: "energy", value: between(random, 2, 9) };
      const ask = `It moves along rows and columns, each move costs ${energy.value} units of energy. How much does the shortest way cost?`;
      return [ask, wayRecipe(energy, "×")] as const;
    },
    () => {
      const detour = { name: "detour", value: between(random, 2, 12) };
      const ask = `It moves along rows and columns and makes a detour of ${detour.value} moves. How many moves does it make?`;
      return [ask, wayRecipe(detour, "+")] as const;
    },
  ])();
  const [left, top, cell] = [40, 32, 16];
  const x = (column: number) => left + (column - 0.5) * cell;
  const y = (row: number) => top + (rows - row + 0.5) * cell;
  const [robotX, robotY, flagX, flagY] = [x(shown[0].value), y(shown[1].value), x(shown[2].value), y(shown[3].value)];
  const axisLabels = [
    ...Array.from({ length: columns }, (_, i) => text(x(i + 1), top + rows * cell + 13, i + 1, { size: 8 })),
    ...Array.from({ length: rows }, (_, i) => text(left - 9, y(i + 1) + 3, i + 1, { size: 8 })),
  ];
  return {
    scene: `The grid shows ${owner}'s robot (circle) and a flag; columns count from the left, rows from the bottom.`,
    ask,
    picture: "grid",
    svg: () =>
      scene(`${owner}'s robot and the flag`, [
        ...Array.from({ length: columns + 1 }, (_, i) =>
          line(left + i * cell, top, left + i * cell, top + rows * cell, FAINT),
        ),
        ...Array.from({ length: rows + 1 }, (_, i) =>
          line(left, top + i * cell, left + columns * cell, top + i * cell, FAINT),
        ),
        ...axisLabels,
        text(left + (columns * cell) / 2, top + rows * cell + 28, "column", { size: 9 }),
        text(14, 108, "row", { size: 9 }),
        circle(robotX, robotY, 6, COLOURS[0]),
        line(flagX - 3, flagY + 7, flagX - 3, flagY - 7, INK, 1.5),
        polygon([[flagX - 3, flagY - 7], [flagX + 6, flagY - 3.5], [flagX - 3, flagY]], COLOURS[3]), // prettier-ignore
      ]),
    shown,
    recipe,
  };
}

function wayRecipe(given: Quantity, operator: "×" | "+"): Recipe {
  const last = operator === "×" ? `multiply by ${given.name}` : `add ${given.name}`;
  const across = operation("across", "flag_column", "-", "robot_column");
  const up = operation("upward", "flag_row", "-", "robot_row");
  const way = (moves: ReturnType<typeof operation>[]) => [
    ...moves,
    operation("outcome", moves[moves.length - 1].result, operator, given.name),
  ];
  return {
    readings: ["robot_column", "robot_row", "flag_column", "flag_row"],
    givens: [given],
    rule: {
      goal: `the moves across and up from robot to flag; then ${last}`,
      text: `The shortest way has the column difference plus the row difference as moves; ${last}.`,
      operations: way([across, up, operation("moves", "across", "+", "upward")]),
    },
    wrongRules: [
      {
        goal: `the moves across from robot to flag; then ${last}`,
        text: `Only the columns matter, so the rows can be ignored; ${last}.`,
        operations: way([across]),
      },
      {
        goal: `the cells between robot and flag as an area; then ${last}`,
        text: `The way is simply an area, column difference times row difference; ${last}.`,
        operations: way([across, up, operation("moves", "across", "×", "upward")]),
      },
    ],
  };
}

/** Coordinate geometry: an axis-parallel rectangle or right triangle. */
export function geometry(random: Random): Draft {
  const triangle = random.next() < 0.35;
  const shape = triangle ? "right triangle" : "rectangle";
  const shown = [
    { name: "x_left", value: between(random, 1, 5) },
    { name: "x_right", value: between(random, 9, 16) },
    { name: "y_bottom", value: between(random, 1, 3) },
    { name: "y_top", value: between(random, 6, 11) },
  ];
  const owner = random.pick(PEOPLE);
  const price = { name: "price", value: between(random, 2, 9) };
  const asks = {
    area: `Turf costs ${price.value} euros per square metre. What does turf for the whole ${shape} cost, in euros?`,
    perimeter: `A fence costs ${price.value} euros per metre. What does a fence round the ${shape} cost, in euros?`,
    triangle: `Turf costs ${price.value} euros per square metre. What does turf for the whole ${shape} cost, in euros?`,
  };
  const kind = triangle ? "triangle" : random.pick(["area", "perimeter"] as const);
  const [x0, y0, unit] = [30, 182, 14];
  const x = (value: number) => x0 + value * unit;
  const y = (value: number) => y0 - value * 13;
  const [left, right, bottom, top] = shown.map(({ value }) => value);
  const corners = [[left, bottom], [right, bottom], triangle ? null : [right, top], [left, top]].filter((c) => c !== null); // prettier-ignore
  return {
    scene: `The drawing shows ${owner}'s garden, a ${shape}, on a map with one unit to the metre.`,
    ask: asks[kind],
    picture: "drawing",
    svg: () =>
      scene(`${owner}'s garden`, [
        ...Array.from({ length: 17 }, (_, i) => line(x(i), y(0), x(i), y(12), FAINT, 0.6)),
        ...Array.from({ length: 13 }, (_, i) => line(x(0), y(i), x(16), y(i), FAINT, 0.6)),
        line(x(0), y(0), x(16.4), y(0)),
        line(x(0), y(0), x(0), y(12.3)),
        ...Array.from({ length: 8 }, (_, i) => text(x(2 * i + 2), y(0) + 13, 2 * i + 2, { size: 9 })),
        ...Array.from({ length: 6 }, (_, i) => text(x(0) - 9, y(2 * i + 2) + 3, 2 * i + 2, { size: 9 })),
        polygon(corners.map(([a, b]) => [x(a), y(b)] as const), COLOURS[2], `fill-opacity="0.3" stroke="${COLOURS[2]}" stroke-width="2"`), // prettier-ignore
        ...corners.map(([a, b]) => circle(x(a), y(b), 3, INK)),
      ]),
    shown,
    recipe: gardenRecipe(kind, price),
  };
}

function gardenRecipe(kind: "area" | "perimeter" | "triangle", price: Quantity): Recipe {
  const sides = [operation("width", "x_right", "-", "x_left"), operation("height", "y_top", "-", "y_bottom")];
  const cost = (from: string) => operation("cost", from, "×", price.name);
  const rules = {
    area: {
      goal: "the area, multiplied by price",
      text: "Turf covers the area, width times height; multiply it by price.",
      operations: [...sides, operation("area", "width", "×", "height"), cost("area")],
    },
    perimeter: {
      goal: "the perimeter, multiplied by price",
      text: "A fence follows the perimeter, twice the sum of width and height; multiply it by price.",
      operations: [
        ...sides,
        operation("side_pair", "width", "+", "height"),
        operation("border", "side_pair", "×", 2),
        cost("border"),
      ],
    },
    triangle: {
      goal: "the area of the triangle, multiplied by price",
      text: "Turf covers the area, half of width times height; multiply it by price.",
      operations: [...sides, operation("box", "width", "×", "height"), operation("area", "box", "/", 2), cost("area")],
    },
    diagonal: {
      goal: "the sum of width and height, multiplied by price",
      text: "Simply put width and height together once; multiply by price.",
      operations: [...sides, operation("joint", "width", "+", "height"), cost("joint")],
    },
  };
  const wrong = { area: "perimeter", perimeter: "area", triangle: "area" } as const;
  return {
    readings: ["x_left", "x_right", "y_bottom", "y_top"],
    givens: [price],
    rule: rules[kind],
    wrongRules: [rules[wrong[kind]], rules.diagonal],
  };
}
