import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import type { Solution } from "../../lib/data/types.js";
import { f1 } from "../../lib/select/confusion.js";
import { chooseThresholds, evaluateSolutions, evaluateSteps } from "../../lib/select/evaluate.js";
import type { PrmMetric } from "../../lib/select/prmMetrics.js";

function solution(id: string, labels: readonly (0 | 1 | null)[] | undefined, rest: Partial<Solution> = {}): Solution {
  return {
    id,
    questionId: id,
    question: `question ${id}`,
    steps: (labels ?? [1]).map((_, i) => `step ${i}`),
    correct: labels !== undefined && labels.every((label) => label === 1),
    ...(labels && { stepLabels: labels }),
    ...rest,
  };
}

/** Two domains of random solutions with scores that know something. */
function drawn(seed: number, prefix: string, count = 40) {
  const draw = random(seed);
  const solutions = Array.from({ length: count }, (_, n) => {
    const steps = 1 + draw.integer(4);
    const error = draw.next() < 0.5 ? draw.integer(steps) : steps;
    const labels = Array.from({ length: steps }, (_, i): 0 | 1 => (i < error ? 1 : 0));
    return solution(`${prefix}${n}`, labels, { domain: n % 3 ? "math" : "logic" });
  });
  const stepScores = solutions.flatMap(({ stepLabels }) => stepLabels!.map((y) => 0.3 * y! + 0.7 * draw.next()));
  const solutionScores = solutions.map(({ correct }) => Number(correct) + draw.normal());
  return { solutions, stepScores, solutionScores };
}

describe("evaluateSteps", () => {
  const solutions = [
    solution("a", [1, 0], { domain: "math" }),
    solution("b", [1, null], { domain: "logic" }),
    solution("c", [0, 1, 0], { domain: "math" }),
    solution("d", undefined),
  ];

  test("by hand: pairs within a domain, unlabelled steps and domains of one class left out", () => {
    // math: right .9, .4 against wrong .5, .1, .3: 3 + 2 of 6 pairs
    const found = evaluateSteps(solutions, [0.9, 0.5, 0.2, NaN, 0.1, 0.4, 0.3, 0.7]);
    expect(found).toEqual({ meanAuc: 5 / 6, aucByDomain: { math: 5 / 6 } });
    expect(evaluateSteps([solution("d", undefined)], [3])).toEqual({ meanAuc: undefined, aucByDomain: {} });
    expect(() => evaluateSteps(solutions, [1])).toThrow("evaluateSteps: 1 scores for 8 steps");
  });

  test("any increasing function of the scores will do", () => {
    const { solutions, stepScores } = drawn(1, "t");
    const logits = stepScores.map((p) => Math.log((p + 1e-9) / (1 - p)));
    expect(evaluateSteps(solutions, logits)).toEqual(evaluateSteps(solutions, stepScores));
  });
});

describe("evaluateSolutions", () => {
  test("by hand, at fixed thresholds", () => {
    const solutions = [solution("a", [1, 1]), solution("b", [1, 0, 0]), solution("c", [0, 0])];
    const stepScores = [0.75, 0.5, 0.75, 0.25, 0, 1, 0.25];
    const { micro, macro, byDomain, thresholds, calibration } = evaluateSolutions(
      { solutions, stepScores, solutionScores: [3, 1, 3] },
      { thresholds: { step: 0.5, firstError: 0.5 }, bins: 4 },
    );
    expect(thresholds).toEqual({ step: 0.5, firstError: 0.5 });
    // TP 3, FP 1 (the 1 of c), TN 3, FN 0
    expect(micro.stepAccuracy).toBeCloseTo(6 / 7, 14);
    expect(micro.stepPrecision).toBeCloseTo(3 / 4, 14);
    expect(micro.stepRecall).toBe(1);
    expect(micro.stepF1).toBeCloseTo(6 / 7, 14);
    expect(micro.stepErrorF1).toBeCloseTo(6 / 7, 14);
    expect(micro.prmScore).toBeCloseTo(6 / 7, 14);
    expect(micro.stepAuc).toBe(9 / 12);
    expect(micro.brier).toBeCloseTo((1 / 16 + 1 / 4 + 1 / 16 + 1 / 16 + 0 + 1 + 1 / 16) / 7, 14);
    // bins [0, ¼): 0 | [¼, ½): ¼, ¼ | [½, ¾): ½ | [¾, 1]: ¾, ¾, 1
    expect(calibration.map(({ count }) => count)).toEqual([1, 2, 1, 3]);
    expect(micro.calibrationError).toBeCloseTo((0 + 2 / 4 + 1 / 2 + 3 * Math.abs(2.5 / 3 - 2 / 3)) / 7, 14);
    // first errors: predicted −1, 1, 1; labelled −1, 1, 0
    expect(micro.firstErrorErroneousAccuracy).toBe(1 / 2);
    expect(micro.firstErrorCorrectAccuracy).toBe(1);
    expect(micro.firstErrorF1).toBeCloseTo(2 / 3, 14);
    expect(micro.solutionMcc).toBe(1);
    expect(micro.errorStepAccuracy).toBe(1 / 2);
    expect(micro.mrScoreWithoutReason).toBeCloseTo(0.4 + 0.3, 14);
    expect(micro.solutionAuc).toBe(1.5 / 2);
    expect(macro).toEqual(micro);
    expect(byDomain).toEqual({ all: { ...micro, solutions: 3, labelledSteps: 7, calibration } });
  });

  test("macro is the mean over the domains that have the metric, micro pools, each domain is evaluated alone", () => {
    const test = drawn(2, "t");
    const extra = solution("only right", [1, 1], { domain: "easy" });
    const all = {
      solutions: [...test.solutions, extra],
      stepScores: [...test.stepScores, 0.4, 0.6],
      solutionScores: [...test.solutionScores, 1],
    };
    const options = { validation: drawn(3, "v") };
    const found = evaluateSolutions(all, options);
    const { math, logic, easy } = found.byDomain;
    expect(Object.keys(found.byDomain).sort()).toEqual(["easy", "logic", "math"]);
    for (const name of Object.keys(math) as PrmMetric[]) {
      if (!(name in found.macro)) continue;
      const values = [math[name], logic[name], easy[name]].filter((v) => v !== undefined);
      expect(found.macro[name]).toBeCloseTo(values.reduce((a, b) => a + b) / values.length, 12);
    }
    expect(Object.keys(found.macro)).toHaveLength(16);
    expect(Object.keys(easy).sort()).toEqual(
      [
        ...["brier", "calibration", "calibrationError", "firstErrorCorrectAccuracy", "labelledSteps", "solutions"],
        ...["stepAccuracy", "stepF1", "stepPrecision", "stepRecall"],
      ].sort(),
    );
    expect(found.macro.stepAuc).toBe(evaluateSteps(all.solutions, all.stepScores).meanAuc);

    const own = all.solutions.flatMap((s, n) => (s.domain === "math" ? [n] : []));
    const scoresOf = (n: number) => {
      const start = all.solutions.slice(0, n).reduce((sum, { steps }) => sum + steps.length, 0);
      return all.stepScores.slice(start, start + all.solutions[n].steps.length);
    };
    const alone = evaluateSolutions(
      {
        solutions: own.map((n) => all.solutions[n]),
        stepScores: own.flatMap(scoresOf),
        solutionScores: own.map((n) => all.solutionScores[n]),
      },
      options,
    );
    expect(alone.byDomain.math).toEqual(math);
    expect(alone.micro).toEqual(alone.macro);

    const order = random(4).shuffle(all.solutions.map((_, n) => n));
    const shuffled = evaluateSolutions(
      {
        solutions: order.map((n) => all.solutions[n]),
        stepScores: order.flatMap(scoresOf),
        solutionScores: order.map((n) => all.solutionScores[n]),
      },
      options,
    );
    for (const name of Object.keys(found.micro) as PrmMetric[]) {
      expect(shuffled.micro[name]).toBeCloseTo(found.micro[name]!, 12);
      expect(shuffled.macro[name]).toBeCloseTo(found.macro[name]!, 12);
    }
  });

  test("thresholds come from the validation solutions alone and are best there", () => {
    const [test, validation] = [drawn(5, "t"), drawn(6, "v")];
    const chosen = chooseThresholds(validation);
    const found = evaluateSolutions(test, { validation });
    expect(found.thresholds).toEqual(chosen);
    const flipped = test.solutions.map((s) => ({ ...s, stepLabels: s.stepLabels!.map((y) => (1 - y!) as 0 | 1) }));
    expect(evaluateSolutions({ ...test, solutions: flipped }, { validation }).thresholds).toEqual(chosen);
    const best = evaluateSolutions(validation, { thresholds: chosen }).micro;
    for (let t = 0; t <= 1; t += 0.02) {
      const { micro } = evaluateSolutions(validation, { thresholds: { step: t, firstError: t } });
      expect(best.prmScore).toBeGreaterThanOrEqual(micro.prmScore!);
      expect(best.firstErrorF1).toBeGreaterThanOrEqual(micro.firstErrorF1!);
    }
    const byF1 = chooseThresholds(validation, { stepCriterion: f1 });
    const { stepF1 } = evaluateSolutions(validation, { thresholds: byF1 }).micro;
    expect(stepF1).toBeGreaterThanOrEqual(best.stepF1!);
  });

  test("a perfect PRM has every metric at its best", () => {
    const { solutions } = drawn(7, "t");
    const validation = drawn(8, "v");
    const perfect = {
      solutions,
      stepScores: solutions.flatMap(({ stepLabels }) => stepLabels!.map(Number)),
      solutionScores: solutions.map(({ correct }) => Number(correct)),
    };
    const known = validation.solutions.flatMap(({ stepLabels }) => stepLabels!.map(Number));
    const { macro } = evaluateSolutions(perfect, {
      validation: { solutions: validation.solutions, stepScores: known },
    });
    for (const [name, value] of Object.entries(macro)) {
      expect(value).toBeCloseTo(name === "brier" || name === "calibrationError" ? 0 : 1, 12);
    }
  });

  test("without validation only what needs no threshold; without solution scores no solution AUC", () => {
    const { solutions, stepScores } = drawn(9, "t");
    expect(Object.keys(evaluateSolutions({ solutions, stepScores }).micro)).toEqual([
      "stepAuc",
      "brier",
      "calibrationError",
    ]);
    const unlabelled = { solutions: [solution("x", undefined)], stepScores: [0.5] };
    expect(evaluateSolutions(unlabelled)).toMatchObject({ micro: {}, macro: {}, calibration: [] });
    expect(chooseThresholds(unlabelled)).toEqual({});
    expect(evaluateSolutions({ solutions: [], stepScores: [] })).toMatchObject({ byDomain: {}, macro: {}, micro: {} });
  });

  test("refuses logits, missing scores, shared questions and two sources of thresholds", () => {
    const test = drawn(10, "t", 3);
    const refused = (change: Partial<typeof test>, options = {}) =>
      expect(() => evaluateSolutions({ ...test, ...change }, options));
    refused({ stepScores: test.stepScores.map((_, i) => (i === 0 ? -1.5 : 0.5)) }).toThrow(
      "solution 0: score 0 is -1.5; it must lie in [0, 1]: pass σ(logit)",
    );
    refused({ stepScores: test.stepScores.map(() => NaN) }).toThrow("score 0 is NaN");
    refused({ stepScores: [0.5] }).toThrow("evaluateSolutions: 1 scores for");
    refused({ solutionScores: [1] }).toThrow("1 scores for 3 solutions");
    refused({ solutionScores: [1, NaN, 2] }).toThrow("NaN");
    refused({}, { validation: test }).toThrow("validation and test share 3 question(s)");
    refused({}, { validation: drawn(11, "v"), thresholds: {} }).toThrow("not both");
  });
});
