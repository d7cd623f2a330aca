import * as tf from "@tensorflow/tfjs-core";
import { test, beforeAll } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
beforeAll(() => useBackend());
const xs = [-1.4, -0.5, 0.3, 0.8, 1.6, 2.2];
test("x", () => {
  const f = (x: tf.Tensor) => tf.matMul(tf.reshape(x, [2, 3]), tf.reshape(x, [3, 2]));
  const s = (x: tf.Tensor) => tf.sum(tf.square(f(x)));
  const show = (w: string, t: tf.Tensor) =>
    console.log(
      w,
      tf.getBackend(),
      Array.from(t.dataSync())
        .map((v) => v.toFixed(4))
        .join(" "),
    );
  const x = tf.tensor1d(xs);
  show("f", f(x));
  show("g", tf.grad(s)(x));
  show("h", tf.grad((x) => tf.sum(tf.mul(tf.grad(s)(x), [0.7, 0.35, 0.2, 0.25, 0.5, 0.95])))(x));
  const [da, db] = tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.square(tf.matMul(a, b))))([
    tf.tensor2d(xs, [2, 3]),
    tf.tensor2d(xs, [3, 2]),
  ]);
  show("da", da);
  show("db", db);
  show("T32", tf.transpose(tf.tensor2d(xs, [3, 2])));
  show("T23", tf.transpose(tf.tensor2d(xs, [2, 3])));
  const t = tf.tensor1d(xs);
  show("T32r", tf.transpose(tf.reshape(t, [3, 2])));
  show("T23r", tf.transpose(tf.reshape(t, [2, 3])));
  const ha = tf.grad((a) =>
    tf.sum(
      tf.mul(tf.grad((a) => tf.sum(tf.square(tf.matMul(a, tf.tensor2d(xs, [3, 2])))))(a), tf.tensor2d(xs, [2, 3])),
    ),
  )(tf.tensor2d(xs, [2, 3]));
  show("haa", ha);
  const hab = tf.grad((b) =>
    tf.sum(
      tf.mul(tf.grad((a) => tf.sum(tf.square(tf.matMul(a, b))))(tf.tensor2d(xs, [2, 3])), tf.tensor2d(xs, [2, 3])),
    ),
  )(tf.tensor2d(xs, [3, 2]));
  show("hab", hab);
  const hba = tf.grad((a) =>
    tf.sum(
      tf.mul(tf.grad((b) => tf.sum(tf.square(tf.matMul(a, b))))(tf.tensor2d(xs, [3, 2])), tf.tensor2d(xs, [3, 2])),
    ),
  )(tf.tensor2d(xs, [2, 3]));
  show("hba", hba);
});
