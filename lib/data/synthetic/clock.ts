import type { Random } from "../../core/random.js";
import { COLOURS, INK, circle, line, scene, text } from "./draw.js";
import { PEOPLE } from "./people.js";
import { between, operation, type Draft, type Quantity, type Recipe } from "./question.js";

/** Clocks: one or two dials; readings are hours and minutes. */
export function clocks(random: Random): Draft {
  return random.next() < 0.5 ? duration(random) : oneClock(random);
}

function duration(random: Random): Draft {
  const owner = random.pick(PEOPLE);
  const start = between(random, 1, 8);
  const stop = start + between(random, 1, 3);
  const [startMinute, stopMinute] = random.shuffle(Array.from({ length: 11 }, (_, i) => 5 * (i + 1)));
  const shown = [
    { name: "start_hour", value: start },
    { name: "start_minute", value: startMinute },
    { name: "stop_hour", value: stop },
    { name: "stop_minute", value: stopMinute },
  ];
  const pause = { name: "pause", value: between(random, 6, 29) };
  const event = random.pick(["a walk", "a rehearsal", "a bike tour", "a lesson", "a market"]);
  return {
    scene: `The clocks show when ${owner}'s ${event.slice(2)} starts and stops on one afternoon.`,
    ask: `There is a pause of ${pause.value} minutes. How many minutes does ${event} like this last without the pause?`,
    picture: "pair of clocks",
    svg: () =>
      scene(`${owner}'s ${event.slice(2)}`, [
        ...dial(75, 108, 56, start, startMinute),
        ...dial(205, 108, 56, stop, stopMinute),
        text(75, 192, "start"),
        text(205, 192, "stop"),
      ]),
    shown,
    recipe: durationRecipe(pause),
  };
}

function durationRecipe(pause: Quantity): Recipe {
  const minutesPerHour = (factor: number) => [
    operation("full_hours", "stop_hour", "-", "start_hour"),
    operation("passed", "full_hours", "×", factor),
    operation("late", "passed", "+", "stop_minute"),
    operation("span", "late", "-", "start_minute"),
  ];
  return {
    readings: ["start_hour", "start_minute", "stop_hour", "stop_minute"],
    givens: [pause],
    rule: {
      goal: "the minutes from start to stop, less pause",
      text: "An hour has 60 minutes: turn the hours into minutes, add stop_minute, subtract start_minute and pause.",
      operations: [...minutesPerHour(60), operation("duration", "span", "-", pause.name)],
    },
    wrongRules: [
      {
        goal: "the minutes from start to stop with an hour of 100 minutes, less pause",
        text: "An hour has 100 minutes: turn the hours into minutes, add stop_minute, subtract start_minute and pause.",
        operations: [...minutesPerHour(100), operation("duration", "span", "-", pause.name)],
      },
      {
        goal: "the minutes from start to stop, increased by pause",
        text: "An hour has 60 minutes: turn the hours into minutes; pause is simply put on top once.",
        operations: [...minutesPerHour(60), operation("duration", "span", "+", pause.name)],
      },
      {
        goal: "the full hours from start to stop in minutes, less pause",
        text: "Only the hours matter, so the minute hands can be ignored; subtract pause.",
        operations: [...minutesPerHour(60).slice(0, 2), operation("duration", "passed", "-", pause.name)],
      },
    ],
  };
}

function oneClock(random: Random): Draft {
  const owner = random.pick(PEOPLE);
  const shown = [
    { name: "clock_hour", value: between(random, 1, 11) },
    { name: "clock_minute", value: 5 * between(random, 1, 11) },
  ];
  const wait = { name: "wait", value: between(random, 6, 48) };
  const goal = random.pick(["train", "bus", "film", "dinner", "game"]);
  const since = (factor: number, operator: "+" | "-") => [
    operation("passed", "clock_hour", "×", factor),
    operation("present", "passed", "+", "clock_minute"),
    operation("later", "present", operator, wait.name),
  ];
  return {
    scene: `The clock shows the time in ${owner}'s kitchen in the afternoon.`,
    ask: `The ${goal} starts in ${wait.value} minutes. How many minutes after 12 o'clock is that?`,
    picture: "clock",
    svg: () => scene(`${owner}'s kitchen clock`, dial(140, 114, 78, shown[0].value, shown[1].value)),
    shown,
    recipe: {
      readings: ["clock_hour", "clock_minute"],
      givens: [wait],
      rule: {
        goal: "the minutes from noon to now, plus wait",
        text: "An hour has 60 minutes: multiply clock_hour by 60, add clock_minute, then add wait.",
        operations: since(60, "+"),
      },
      wrongRules: [
        {
          goal: "the minutes from noon to now with an hour of 100 minutes, plus wait",
          text: "An hour has 100 minutes: multiply clock_hour by 100, add clock_minute, then add wait.",
          operations: since(100, "+"),
        },
        {
          goal: "the minutes from noon to now, less wait",
          text: "An hour has 60 minutes: multiply clock_hour by 60, add clock_minute; wait is simply taken away once.",
          operations: since(60, "-"),
        },
      ],
    },
  };
}

function dial(x: number, y: number, radius: number, hour: number, minute: number): string[] {
  const at = (turn: number, r: number) => {
    const angle = 2 * Math.PI * turn - Math.PI / 2;
    return [x + r * Math.cos(angle), y + r * Math.sin(angle)] as const;
  };
  const hand = (turn: number, length: number, colour: string, width: number) =>
    line(x, y, ...at(turn, length), colour, width);
  const small = radius < 60;
  return [
    circle(x, y, radius, "#fbfcfe", `stroke="${INK}" stroke-width="2"`),
    ...Array.from({ length: 60 }, (_, i) =>
      line(...at(i / 60, radius - (i % 5 === 0 ? 6 : 3)), ...at(i / 60, radius - 1.5), INK, i % 5 === 0 ? 1.5 : 0.6),
    ),
    ...Array.from({ length: 12 }, (_, i) => {
      const [labelX, labelY] = at((i + 1) / 12, radius - (small ? 13 : 16));
      return text(labelX, labelY + 4, i + 1, { size: small ? 9 : 11 });
    }),
    hand((hour + minute / 60) / 12, radius * 0.45, INK, 4),
    hand(minute / 60, radius * 0.68, COLOURS[3], 2.5),
    circle(x, y, 3.5, INK),
  ];
}
