import { operation, type Quantity, type Recipe } from "./question.js";

/** Arithmetic shared by the families that read named values: each with its right rule and tempting wrong ones. */

/** (a − b) × g */
export function differenceTimes(a: string, b: string, given: Quantity): Recipe {
  const g = given.name;
  return {
    readings: [a, b],
    givens: [given],
    rule: {
      goal: `the difference between ${a} and ${b}, multiplied by ${g}`,
      text: `Subtract ${b} from ${a} to compare them, then multiply the difference by ${g}.`,
      operations: [operation("gap", a, "-", b), operation("outcome", "gap", "×", g)],
    },
    wrongRules: [
      {
        goal: `the sum of ${a} and ${b}, multiplied by ${g}`,
        text: `Put ${a} and ${b} together, whatever is compared, then multiply by ${g}.`,
        operations: [operation("joint", a, "+", b), operation("outcome", "joint", "×", g)],
      },
      {
        goal: `${a} alone, multiplied by ${g}`,
        text: `Only ${a} matters, so ${b} can be ignored; multiply ${a} by ${g}.`,
        operations: [operation("outcome", a, "×", g)],
      },
      {
        goal: `the difference between ${a} and ${b}, increased by ${g}`,
        text: `Subtract ${b} from ${a}; ${g} is simply put on top once.`,
        operations: [operation("gap", a, "-", b), operation("outcome", "gap", "+", g)],
      },
    ],
  };
}

/** a + b + c − g */
export function sumMinus(a: string, b: string, c: string, given: Quantity): Recipe {
  const g = given.name;
  return {
    readings: [a, b, c],
    givens: [given],
    rule: {
      goal: `the total of ${a}, ${b} and ${c}, less ${g}`,
      text: `Add ${a}, ${b} and ${c} for the total, then subtract ${g}.`,
      operations: [
        operation("part", a, "+", b),
        operation("whole", "part", "+", c),
        operation("rest", "whole", "-", g),
      ],
    },
    wrongRules: [
      {
        goal: `the total of ${a} and ${b}, less ${g}`,
        text: `Only ${a} and ${b} matter, so ${c} can be ignored; subtract ${g} from their sum.`,
        operations: [operation("part", a, "+", b), operation("rest", "part", "-", g)],
      },
      {
        goal: `the total of ${a}, ${b} and ${c}, increased by ${g}`,
        text: `Add ${a}, ${b} and ${c}; ${g} is simply put on top once.`,
        operations: [
          operation("part", a, "+", b),
          operation("whole", "part", "+", c),
          operation("rest", "whole", "+", g),
        ],
      },
    ],
  };
}

/** (a + b) / g */
export function shareOut(a: string, b: string, given: Quantity): Recipe {
  const g = given.name;
  return {
    readings: [a, b],
    givens: [given],
    rule: {
      goal: `the sum of ${a} and ${b}, divided by ${g}`,
      text: `Add ${a} and ${b} first, then divide the sum by ${g}.`,
      operations: [operation("joint", a, "+", b), operation("share", "joint", "/", g)],
    },
    wrongRules: [
      {
        goal: `the sum of ${a} and ${b}, multiplied by ${g}`,
        text: `Add ${a} and ${b} first; sharing out means to multiply the sum by ${g}.`,
        operations: [operation("joint", a, "+", b), operation("share", "joint", "×", g)],
      },
      {
        goal: `the sum of ${a} and ${b}, less ${g}`,
        text: `Add ${a} and ${b} first; sharing out means to take ${g} away once.`,
        operations: [operation("joint", a, "+", b), operation("share", "joint", "-", g)],
      },
    ],
  };
}

/** a × g + b */
export function timesAndMore(a: string, b: string, given: Quantity): Recipe {
  const g = given.name;
  return {
    readings: [a, b],
    givens: [given],
    rule: {
      goal: `${a} multiplied by ${g}, plus ${b}`,
      text: `Multiply ${a} by ${g}, then add ${b}, which stays as it is.`,
      operations: [operation("scaled", a, "×", g), operation("outcome", "scaled", "+", b)],
    },
    wrongRules: [
      {
        goal: `the sum of ${a} and ${b}, multiplied by ${g}`,
        text: `Put ${a} and ${b} together, whatever stays, then multiply by ${g}.`,
        operations: [operation("joint", a, "+", b), operation("outcome", "joint", "×", g)],
      },
      {
        goal: `${a} multiplied by ${g}`,
        text: `Only ${a} matters, so ${b} can be ignored; multiply ${a} by ${g}.`,
        operations: [operation("outcome", a, "×", g)],
      },
    ],
  };
}
