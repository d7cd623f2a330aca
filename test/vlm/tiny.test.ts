import * as tf from "@tensorflow/tfjs-core";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { solveBilevel } from "../../lib/bilevel/engine.js";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import type { Params } from "../../lib/core/tree.js";
import { processImages } from "../../lib/image/process.js";
import {
  blankPicture,
  drawQuestions,
  evidenceSolutions,
  evidenceTrainSet,
  questionTail,
  readingAuc,
  readings,
  readingTexts,
} from "../../experiments/tinyMultimodal/demoReading.js";
import { writeTinyQwen2Vl } from "../../lib/vlm/tiny.js";
import { loadWeights, openVisionModel, type VisionModel } from "../../lib/vlm/visionModel.js";
import { readingWarmStart, towerWarmStart } from "../../experiments/tinyMultimodal/warmStart.js";
import { expectClose } from "../expectClose.js";

const folder = mkdtempSync(join(tmpdir(), "tiny-"));
const questions = drawQuestions("train", { count: 12 });
let vision: VisionModel;
let weights: Params;

beforeAll(async () => {
  await useBackend();
  vision = await openVisionModel(await writeTinyQwen2Vl(join(folder, "one"), { texts: readingTexts(questions) }));
  weights = await loadWeights(vision);
});
afterAll(() => {
  tf.dispose(weights);
  rmSync(folder, { recursive: true });
});

const valuesIn = (text: string) => [...text.matchAll(/(\w+) = (\d+)/g)].map(([, name, value]) => [name, Number(value)]);

describe("questions to read", () => {
  test("are the same for the same stream and others for another; their tails tell no value of the picture", () => {
    expect(drawQuestions("train", { count: 2 })).toEqual(questions.slice(0, 2));
    const texts = new Set(questions.map(({ question }) => question.text));
    expect(drawQuestions("test", { count: 12 }).filter(({ question }) => texts.has(question.text))).toEqual([]);
    for (const { question } of questions) {
      expect(question.text.endsWith(questionTail(question))).toBe(true);
      expect(questionTail(question)).not.toMatch(/ = \d|Caption|Data shown|Printed values|Alt text|Labels in/);
    }
    expect(() => drawQuestions("train", { count: 1, domains: ["clock"] })).toThrow("clock have no fixed places");
  });

  test("show their numbers at their places: there is ink on lighter ground, within one image token", async () => {
    const images = await processImages(
      questions.map(({ image }) => image),
      vision.vision?.processor as never,
    );
    questions.forEach(({ places, question }, i) => {
      const { grid, patches } = images[i] as unknown as { grid: number[]; patches: Float32Array };
      expect(grid).toEqual([1, 12, 18]);
      const spread = (x: number, y: number) => {
        const token = Math.floor(y * 6) * 9 + Math.floor(x * 9);
        const values = patches.subarray(token * 4 * 588, (token + 1) * 4 * 588);
        return Math.max(...values) - Math.min(...values);
      };
      expect(places.length).toBeLessThanOrEqual(question.shown.length);
      for (const [x, y] of places) expect(spread(x, y)).toBeGreaterThan(1.5);
      expect(spread(0.99, 0.5)).toBeLessThan(0.5); // paper
    });
  });

  test("right steps state what the picture shows, misread ones one value that it does not", () => {
    const many = drawQuestions("test", { count: 60 });
    const solutions = evidenceSolutions(many, "test");
    let misreadings = 0;
    for (const { questionId, steps, correct, misread } of solutions) {
      const { shown } = many.find(({ id }) => id === questionId)?.question ?? { shown: [] };
      const wrong = valuesIn(steps[0]).filter(([name, value]) => {
        const truth = shown.find((one) => one.name === name);
        return truth !== undefined && truth.value !== value;
      });
      expect(wrong.length).toBe(misread ? 1 : 0);
      if (misread) expect(correct).toBe(false);
      misreadings += wrong.length;
    }
    expect(misreadings).toBeGreaterThan(10);
    const { samples, domains } = evidenceTrainSet(many);
    expect(domains).toEqual(["sets", "table"]);
    const noise = (domain: string) => {
      const own = samples.filter((sample) => sample.domain === domain);
      return own.filter(({ target, trueLabel }) => Math.round(target) !== trueLabel).length / own.length;
    };
    expect(noise("table")).toBeLessThan(0.05);
    expect(noise("sets")).toBeGreaterThan(0.15);
  });

  test("readings name values of the picture in its order, half of the groups with one misread value", () => {
    const draw = random(1);
    let [wrong, groups, alone] = [0, 0, 0];
    for (const question of [...questions, ...questions]) {
      const { shown } = question.question;
      const all = readings(question, draw, 0.4);
      const order = (group: (typeof all)[number]) =>
        group.map(({ name }) => shown.findIndex((one) => one.name === name));
      if (all.every((group) => group.length === 1)) {
        expect(all.flat().map(({ name, value }) => ({ name, value }))).toEqual(shown);
        alone++;
      }
      groups += all.length;
      for (const group of all) {
        expect(order(group)).toEqual(order(group).sort((a, b) => a - b));
        const own = group.filter(({ value, stated }) => value !== stated);
        expect(own.length).toBeLessThanOrEqual(1);
        for (const { stated } of own) expect(stated).toBeGreaterThan(0);
        wrong += own.length;
      }
    }
    expect(alone).toBeGreaterThan(6);
    expect(alone).toBeLessThan(23);
    expect(wrong / groups).toBeGreaterThan(0.35);
    expect(wrong / groups).toBeLessThan(0.65);
  });

  test("the AUC on misread values counts pairs of misread and right steps alone", () => {
    const step = (correct: boolean, misread = false) => ({ correct, misread }) as never;
    const solutions = [step(true), step(true), step(false, true), step(false, true), step(false)];
    const auc = readingAuc(solutions, [0.9, 0.4, 0.4, 0.1, 1]);
    expect(auc.misread).toBe(3.5 / 4);
    expect(auc.overall).toBe(3.5 / 6);
  });
});

describe("a tiny Qwen2-VL", () => {
  test("has a few hundred thousand parameters, the same for the same seed, and labels that are tokens", async () => {
    const size = Object.values(weights).reduce((sum, tensor) => sum + tensor.size, 0);
    expect(size).toBeGreaterThan(200_000);
    expect(size).toBeLessThan(600_000);
    expect(vision.tokenizer.encode("+-", { addSpecialTokens: false }).length).toBe(2);
    const again = { texts: readingTexts(questions) };
    const same = await loadWeights(await openVisionModel(await writeTinyQwen2Vl(join(folder, "same"), again)));
    const other = await loadWeights(
      await openVisionModel(await writeTinyQwen2Vl(join(folder, "other"), { ...again, seed: 2 })),
    );
    const name = "visual.patch_embed.proj.weight";
    expect(same[name].dataSync()).toEqual(weights[name].dataSync());
    const deviation = tf.tidy(() => tf.moments(other[name]).variance.dataSync()[0] * 588);
    expect(deviation).toBeGreaterThan(0.95);
    expect(deviation).toBeLessThan(1.05);
    expect(tf.tidy(() => tf.max(tf.abs(tf.sub(other[name], same[name]))).dataSync()[0])).toBeGreaterThan(0.01);
    tf.dispose([same, other]);
  });
});

describe("warm starts", () => {
  test("the tower's loss at the start is that of its classes' logits; training leaks no tensors", async () => {
    const { problem, batches } = await towerWarmStart({ vision, phi: weights, questions, batchSize: 3 });
    const before = tf.memory().numTensors;
    const solver = solveBilevel(problem, batches, {
      iterations: 2,
      lower: { optimizer: { kind: "adamw" }, learningRate: 1e-3 },
    });
    const losses: number[] = [];
    for await (const { lower } of solver) losses.push(lower.weightedLoss);
    expect(tf.memory().numTensors).toBe(before);
    const { phi } = problem.init(1);
    for (const name of ["tens.weight", "ones.weight"]) {
      const zero = tf.zerosLike(phi[name]);
      phi[name].dispose();
      Object.assign(phi, { [name]: zero });
    }
    const batch = batches.lower(0);
    const loss = problem.lower(phi, {}, batch);
    expectClose(loss.dataSync(), [2 * Math.log(10)], { relative: 1e-5 }); // nothing is told apart
    expect(losses[0]).toBeGreaterThan(2);
    tf.dispose([loss, batch, phi] as unknown as tf.TensorContainer);
  });

  test("reading asks for true digits, for - after a wrong one, and for every statement's label", async () => {
    const { tokenizer } = vision;
    const { batches } = await readingWarmStart({
      vision,
      phi: weights,
      questions,
      blank: blankPicture(),
      batchSize: 1,
    });
    const [plus, minus, end] = ["+", "-", "<|im_end|>"].map((token) => tokenizer.tokenId(token));
    for (let k = 0; k < 6; k++) {
      const { part, target_P } = batches.lower(k);
      const ids = Array.from(part.id_N.dataSync());
      const asked = Array.from(part.wanted_P.dataSync(), (at, i) => ({ at, target: target_P.dataSync()[i] }));
      const text = tokenizer.decode(ids.filter((id) => id !== tokenizer.tokenId("<|image_pad|>")));
      const shown = new Map(
        questions
          .find(({ question }) => valuesIn(text).every(([name]) => question.shown.some((one) => one.name === name)))
          ?.question.shown.map(({ name, value }) => [name, value]),
      );
      const groups = text.split("<|im_end|>").slice(0, -1);
      const right = groups.map((group) => valuesIn(group).every(([name, value]) => shown.get(String(name)) === value));
      const labels = asked.filter(({ at }) => ids[at] === end);
      expect(labels.map(({ target }) => target)).toEqual(right.map((ok) => (ok ? plus : minus)));
      const digits = asked.filter(({ at }) => ids[at] !== end);
      // wherever something is asked, the text goes on as told, or is wrong here or just before
      const wrong = digits.filter(({ at, target }) => ids[at + 1] !== target).length;
      expect(wrong === 0).toBe(right.every(Boolean));
      tf.dispose([part, target_P] as unknown as tf.TensorContainer);
    }
  });
});
