/** Run in a process of its own: loads the backend that DREAMPRM_BACKEND names and prints what it computes as one JSON line. */
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../lib/core/backend.js";

async function main(): Promise<void> {
  const [report, again] = await Promise.all([useBackend(), useBackend("cpu")]);
  const later = await useBackend("wasm");
  const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
  const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.gather(x, tf.tensor1d([2, 2], "int32")))))(x);
  const result = {
    report,
    same: report === again && report === later,
    current: tf.getBackend(),
    product: tf.matMul(x, x, false, true).arraySync(),
    gradient: gradient.arraySync(),
    environment: [process.env["CUDA_VISIBLE_DEVICES"] ?? null, process.env["TF_CPP_MIN_LOG_LEVEL"] ?? null],
  };
  console.log(JSON.stringify(result));
}

void main();
