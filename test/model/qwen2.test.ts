import * as tf from "@tensorflow/tfjs-core";
import { test } from "vitest";
import { qwen2 } from "../../lib/model/qwen2/qwen2.js";
import { expectClose } from "../expectClose.js";
import { expectCase, golden, goldenParameters, logitsOf, lossAndGrads, onEveryBackend } from "./golden.js";

const { config, cases } = golden("qwen2.json");
const model = qwen2(config);
const sequences = cases.map(({ ids, wanted }) => ({ ids, wanted }));

onEveryBackend(() => {
  test.each(cases.map((c, n) => [n, c] as const))("case %i agrees with Hugging Face", (_, c) => {
    const phi = goldenParameters(model.shapes);
    expectCase(model, phi, c, c);
    tf.dispose(phi);
  });

  test.each(["left", "right"] as const)("padding on the %s changes nothing", (padding) => {
    const phi = goldenParameters(model.shapes);
    const alone = sequences.flatMap((sequence) => logitsOf(model, phi, [sequence]));
    expectClose(logitsOf(model, phi, sequences, padding), alone, { relative: 1e-5 });

    const together = lossAndGrads(
      model,
      [phi],
      sequences,
      cases.flatMap((c) => c.targets),
      padding,
    );
    const total = cases.reduce((sum, c) => sum + c.targets.length, 0);
    const parts = cases.map((c) => ({ part: c.targets.length / total, ...lossAndGrads(model, [phi], [c], c.targets) }));
    for (const [name, grad] of Object.entries(together.grads)) {
      const mean = tf.tidy(() => tf.addN(parts.map(({ part, grads }) => tf.mul(grads[name], part))).dataSync());
      expectClose(grad, mean, { relative: 1e-4, absolute: 1e-7 });
    }
    expectClose(together.value, [parts.reduce((sum, { part, value }) => sum + part * value.dataSync()[0], 0)]);
    tf.dispose([phi, parts]);
  });
});
