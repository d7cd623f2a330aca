/** Times one model on the backend in use: `transformerWorker.ts CONFIG.json TOKENS ROUNDS [checkpointing]`. */
import * as tf from "@tensorflow/tfjs-core";
import { readFileSync } from "node:fs";
import { useBackend } from "../../lib/core/backend.js";
import { valueAndGrads } from "../../lib/core/tree.js";
import { logSoftmax } from "../../lib/core/twice.js";
import { qwen2 } from "../../lib/model/qwen2/qwen2.js";
import { qwen2Vl } from "../../lib/model/qwen2vl/qwen2vl.js";
import type { LanguageModel } from "../../lib/model/transformer/languageModel.js";

async function main(): Promise<void> {
  const [file, tokens, rounds, checkpointing] = process.argv.slice(2);
  await useBackend();
  const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const ids = Array.from({ length: Number(tokens) }, (_, i) => (7 * i) % 200);
  const images = [];
  if (config.model_type === "qwen2_vl") {
    ids.fill(Number(config.image_token_id), 4, 4 + 36);
    images.push({
      grid: [1, 12, 12] as const,
      patches: Float32Array.from({ length: 144 * 1176 }, (_, i) => (i % 7) / 7),
    });
  }
  const options = { checkpointing: checkpointing === "checkpointing" };
  const model = (config.model_type === "qwen2" ? qwen2(config, options) : qwen2Vl(config, options)) as LanguageModel;
  const phi = model.init(1);
  const sequence = { ids, wanted: [ids.length - 1], images };

  const forward = () => {
    const batch = model.batch([sequence]);
    const logits = tf.tidy(() => model.forward(phi, batch).logit_PV);
    logits.dataSync();
    tf.dispose([logits, batch] as unknown as tf.TensorContainer);
  };
  const both = () => {
    const batch = model.batch([sequence]);
    const { value, grads } = valueAndGrads(
      (p) => tf.neg(tf.sum<tf.Scalar>(tf.slice(logSoftmax(model.forward(p, batch).logit_PV), [0, 3], [1, 1]))),
      phi,
    );
    value.dataSync();
    grads["model.embed_tokens.weight"].dataSync();
    tf.dispose([value, grads, batch] as unknown as tf.TensorContainer);
  };
  const best = (run: () => void) => {
    run();
    let least = Infinity;
    for (let i = 0; i < Number(rounds); i++) {
      const start = performance.now();
      run();
      least = Math.min(least, performance.now() - start);
    }
    return least;
  };
  console.log(JSON.stringify({ forwardMs: best(forward), bothMs: best(both) }));
}

void main();
