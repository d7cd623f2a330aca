import * as tf from "@tensorflow/tfjs-core";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testAuc, versionResults, wins } from "../../experiments/tinyMultimodal/compare.js";
import { blankPicture, drawQuestions, PICTURED, questionTail } from "../../experiments/tinyMultimodal/questions.js";
import { speaker, statement } from "../../experiments/tinyMultimodal/readAloud.js";
import { evidencePairs, evidenceTrainSet, readingTexts } from "../../experiments/tinyMultimodal/steps.js";
import { trained } from "../../experiments/tinyMultimodal/supervised.js";
import { readingWarmStart, towerWarmStart } from "../../experiments/tinyMultimodal/warmStarts.js";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import type { Params } from "../../lib/core/tree.js";
import { processImages } from "../../lib/image/process.js";
import { openStore } from "../../lib/tracker/store.js";
import { labelLayout } from "../../lib/vlm/prompt.js";
import { writeTinyQwen2Vl } from "../../lib/vlm/tiny.js";
import { loadWeights, openVisionModel, type VisionModel } from "../../lib/vlm/visionModel.js";
import { expectClose } from "../expectClose.js";

const folder = mkdtempSync(join(tmpdir(), "reading-"));
const questions = drawQuestions("train", 12);
const pictured = drawQuestions("tower", 6, PICTURED);
let vision: VisionModel;
let weights: Params;

beforeAll(async () => {
  await useBackend();
  vision = await openVisionModel(await writeTinyQwen2Vl(join(folder, "model"), { texts: readingTexts(questions) }));
  weights = await loadWeights(vision);
});
afterAll(() => {
  tf.dispose(weights);
  rmSync(folder, { recursive: true });
});

const valuesIn = (text: string) =>
  [...text.matchAll(/(\w+) = (\d+)/g)].map(([, name, value]) => ({ name, value: Number(value) }));
const shownBy = (id: string, all: ReturnType<typeof drawQuestions>) =>
  new Map(all.find((one) => one.id === id)?.question.shown.map(({ name, value }) => [name, value]));
const pixels = (image: string) => processImages([image], vision.vision?.processor as never);

describe("questions", () => {
  test("are the same for the same stream and others for another; their tails tell no value of the picture", () => {
    expect(drawQuestions("train", 2)).toEqual(questions.slice(0, 2));
    const texts = new Set(questions.map(({ question }) => question.text));
    expect(drawQuestions("test", 12).filter(({ question }) => texts.has(question.text))).toEqual([]);
    for (const { question } of questions) {
      expect(question.text.endsWith(questionTail(question))).toBe(true);
      expect(questionTail(question)).not.toMatch(/ = \d|Caption|Data shown|Printed values|Alt text|Labels in/);
    }
  });

  test("show their numbers at their places: there is ink on lighter ground, within one image token", async () => {
    for (const { image, places, question } of pictured) {
      const [{ grid, patches }] = (await pixels(image)) as unknown as { grid: number[]; patches: Float32Array }[];
      expect(grid).toEqual([1, 12, 18]);
      const spread = (x: number, y: number) => {
        const token = Math.floor(y * 6) * 9 + Math.floor(x * 9);
        const values = patches.subarray(token * 4 * 588, (token + 1) * 4 * 588);
        return Math.max(...values) - Math.min(...values);
      };
      expect(places.length).toBeLessThanOrEqual(question.shown.length);
      for (const { x, y } of places) expect(spread(x, y)).toBeGreaterThan(1.5);
      expect(spread(0.99, 0.5)).toBeLessThan(0.5); // paper
    }
    expect(new Set(pictured.flatMap(({ places }) => places.map(({ index }) => index))).size).toBe(12);
  });
});

describe("steps", () => {
  test("come in pairs about one picture: one states what it shows, the other one value that it does not", () => {
    const many = drawQuestions("test", 30);
    const pairs = evidencePairs(many);
    expect(pairs.length).toBe(60);
    pairs.forEach(({ questionId, steps, correct, stepLabels, image }, i) => {
      const shown = shownBy(questionId, many);
      const wrong = valuesIn(steps[0]).filter(({ name, value }) => shown.get(name) !== value);
      expect(wrong.length).toBe(i % 2);
      expect([correct, stepLabels]).toEqual([i % 2 === 0, [1 - (i % 2)]]);
      expect([questionId, image]).toEqual([many[i >> 1].id, many[i >> 1].image]);
    });
  });

  test("for training carry the demo's labels: nearly always the truth in one source, often not in the other", () => {
    const { samples, domains } = evidenceTrainSet(drawQuestions("train", 60));
    expect(domains).toEqual(["sets", "sets, checked"]);
    const noise = (domain: string) => {
      const own = samples.filter((sample) => sample.domain === domain);
      return own.filter(({ target, trueLabel }) => Math.round(target) !== trueLabel).length / own.length;
    };
    expect(noise("sets, checked")).toBeLessThan(0.05);
    expect(noise("sets")).toBeGreaterThan(0.15);
  });
});

describe("reading aloud", () => {
  test("states values of the picture, about two fifths of them misread, a third of the steps without any", () => {
    const stream = random("statements");
    const steps = Array.from({ length: 300 }, (_, k) => {
      const question = questions[k % questions.length];
      const { text, truth } = statement(question, 0.6, stream);
      const shown = shownBy(question.id, questions);
      const stated = valuesIn(text);
      expect(truth).toEqual(stated.map(({ name }) => shown.get(name)));
      for (const { value } of stated) expect(value).toBeGreaterThan(0);
      return stated.map(({ value }, n) => value !== truth[n]);
    });
    const share = (all: boolean[]) => all.filter(Boolean).length / all.length;
    expect(Math.abs(share(steps.flat()) - 0.4)).toBeLessThan(0.08);
    expect(share(steps.map((misread) => !misread.includes(true)))).toBeGreaterThan(0.33);
  });

  test("asks in the PRM's own prompt for true digits, for - after a wrong one, and for the label", async () => {
    const speak = speaker(vision);
    const { prompt } = labelLayout(vision);
    const [question] = questions;
    const [image] = await pixels(question.image);
    const answers = (text: string, truth: number[]) => {
      const { ids, wanted, targets } = speak(question, { text, truth }, image);
      const input = { question: questionTail(question.question), steps: [text], image: question.image };
      const own = prompt(input, { imageTokens: image.tokens, what: "", maxTokens: 1000 });
      expect(ids).toEqual(own.ids);
      expect(wanted.at(-1)).toBe(own.answers[0]);
      const next = wanted.map((place) => vision.tokenizer.decode(ids.slice(place + 1, place + 2)));
      return { stated: next.join("|"), told: targets.map((id) => vision.tokenizer.decode([id])).join("|") };
    };
    const step = (a: number, b: number) => `Step 2: Gather evidence from the image.\n   - We get: a = ${a}, b = ${b}.`;
    expect(answers(step(12, 7), [12, 7])).toEqual({ stated: "1|2|,|7|.|", told: "1|2|,|7|.|+" });
    expect(answers(step(12, 7), [13, 7])).toEqual({ stated: "1|2|,| |7|.|", told: "1|3|-|-|7|.|-" });
    expect(answers(step(12, 7), [12, 75])).toEqual({ stated: "1|2|,|7|.|<|im_end|>|", told: "1|2|,|7|5|-|-" });
    expect(answers(step(12, 75), [1, 7])).toEqual({ stated: "1|2|,| |7|5|.|<|im_end|>|", told: "1|,|-|-|7|.|-|-|-" });
  });
});

describe("warm starts", () => {
  test("the tower's loss is that of classes that nothing tells apart while its maps are zero; it starts alike every time", async () => {
    const { problem, batches } = await towerWarmStart({ vision, phi: weights, questions: pictured, batchSize: 3 });
    const { phi } = problem.init(1);
    const maps = ["tens", "ones", "place"];
    const blind = { ...phi, ...Object.fromEntries(maps.map((name) => [name, tf.zerosLike(phi[name])])) };
    const batch = batches.lower(0);
    const loss = problem.lower(blind, {}, batch);
    expectClose(loss.dataSync(), [2 * Math.log(10) + Math.log(12)], { relative: 1e-5 });

    const again = await towerWarmStart({ vision, phi: weights, questions: pictured, batchSize: 3 });
    const same = again.problem.init(2).phi;
    for (const name of maps) expect(same[name].dataSync()).toEqual(phi[name].dataSync());
    tf.dispose([same, phi, blind, loss, batch] as unknown as tf.TensorContainer);
  });

  test("reading weighs labels as told; a text-only model sees the blank picture alone", async () => {
    const options = { vision, phi: weights, questions, batchSize: 2, misread: 0.5, seed: 1 };
    const lossOf = async (labelWeight: number) => {
      const { problem, batches } = await readingWarmStart({ ...options, labelWeight });
      const batch = batches.lower(0);
      const loss = problem.lower(weights, {}, batch);
      const [value, sum] = [loss.dataSync()[0], tf.tidy(() => tf.sum(batch.weight_P).dataSync()[0])];
      const count = batch.target_P.size;
      tf.dispose([loss, batch] as unknown as tf.TensorContainer);
      expectClose([sum], [1], { absolute: 1e-6 });
      return { total: value * (count - 2 + 2 * labelWeight), count };
    };
    const [none, one, eight] = [await lossOf(0), await lossOf(1), await lossOf(8)];
    expectClose([eight.total - none.total], [8 * (one.total - none.total)], { relative: 1e-3 });

    const seen = await readingWarmStart({ ...options, labelWeight: 1, blank: blankPicture() });
    const batch = seen.batches.lower(0) as unknown as { part: { images: { patches: { patch_PC: tf.Tensor2D } } } };
    const [white] = (await pixels(blankPicture())) as unknown as { patches: Float32Array }[];
    const patches = batch.part.images.patches.patch_PC.dataSync();
    expect(patches.length).toBe(2 * white.patches.length);
    expect(patches.findIndex((value, i) => value !== white.patches[i % white.patches.length])).toBe(-1);
    tf.dispose(batch);
  });

  test("training lowers the loss, leaks nothing and leaves the start alone", async () => {
    const start = { vision, phi: weights, questions, batchSize: 2, misread: 0.5, labelWeight: 1, seed: 1 };
    const reading = await readingWarmStart(start);
    const always = { ...reading, batches: { ...reading.batches, lower: () => reading.batches.lower(0) } };
    const before = tf.memory().numTensors;
    const phi = await trained(always, { label: "", iterations: 4, learningRate: 1e-3, quiet: true });
    expect(tf.memory().numTensors - before).toBe(Object.keys(phi).length);
    const batch = reading.batches.lower(0);
    const lossAt = (params: Params) => tf.tidy(() => reading.problem.lower(params, {}, batch).dataSync()[0]);
    expect(lossAt(phi)).toBeLessThan(lossAt(weights));
    tf.dispose([phi, batch] as unknown as tf.TensorContainer);
  });
});

describe("comparison", () => {
  const scores = [0.9, 0.4, 0.4, 0.4, 0.1, 1];

  test("AUC is over all pairs of steps, wins are within questions", () => {
    expect(wins(scores)).toEqual([1, 0.5, 0]);
    const labels = [true, false, true, false, true, false].map((correct) => ({ correct }));
    expect(testAuc(labels as never, scores)).toBeCloseTo(3 / 9, 10);
  });

  test("results are those of the store's runs, version by version", async () => {
    const store = await openStore(join(folder, "runs"));
    const ids: string[] = [];
    for (const [version, seed, own] of [
      ["images", 1, scores],
      ["images", 2, [1, 0, 1, 0, 0, 1]],
      ["text only", 1, scores],
    ] as const) {
      const run = await store.startRun({ name: `${version} ${seed}`, params: { version, seed } });
      const file = join(folder, "scores.json");
      writeFileSync(file, JSON.stringify(own));
      await run.artifact(file);
      await run.finish({ auc: seed / 10, startAuc: 0.5 });
      ids.push(run.id);
    }
    const [images, text] = await versionResults(store, ids);
    expect(images).toEqual({
      version: "images",
      seeds: [1, 2],
      auc: [0.1, 0.2],
      startAuc: [0.5, 0.5],
      wins: [1, 0.75, 0],
    });
    expect(text.wins).toEqual([1, 0.5, 0]);
  });
});
