/**
 * Milliseconds forward, and forward and backward, of language models on every backend that loads and in Hugging Face's
 * transformers when it is installed (`DREAMPRM_PYTHON`), as ratios within one run: a text model of 4 layers, 1,024 wide, and
 * tiny ones of text, and of text with an image. One sequence; the loss is the cross entropy of one token after the last; best
 * of all rounds. `THREADS=2` gives both that many threads.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const here = __dirname;
const python = process.env["DREAMPRM_PYTHON"] ?? "python3";
const threads = process.env["THREADS"] ?? "1";

const tiny = {
  hidden_size: 64,
  intermediate_size: 112,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 320,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
};
const wide = {
  model_type: "qwen2",
  hidden_size: 1024,
  intermediate_size: 2816,
  num_hidden_layers: 4,
  num_attention_heads: 16,
  num_key_value_heads: 4,
  vocab_size: 8000,
  max_position_embeddings: 2048,
  tie_word_embeddings: true,
};
const vision = {
  model_type: "qwen2_vl",
  ...tiny,
  rope_scaling: { type: "mrope", rope_type: "default", mrope_section: [2, 3, 3], rope_theta: 1e6 },
  image_token_id: 311,
  video_token_id: 312,
  vision_config: { depth: 2, embed_dim: 48, num_heads: 3, hidden_size: 64, mlp_ratio: 4, patch_size: 14 },
};
const models: [what: string, config: object, tokens: number, rounds: number][] = [
  ["text, 4 layers, 1,024 wide", wide, 256, 5],
  ["text, tiny", { model_type: "qwen2", ...tiny }, 64, 100],
  ["text and image, tiny", vision, 64, 50],
];

interface Timing {
  readonly forwardMs: number;
  readonly bothMs: number;
}

const folder = mkdtempSync(join(tmpdir(), "dreamprm-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function run(file: string, args: string[], env: Record<string, string> = {}): Timing {
  const options = { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] };
  const lines = execFileSync(file, args, options).toString().trim().split("\n");
  return JSON.parse(lines.at(-1) ?? "") as Timing;
}

const tsx = join(here, "../../node_modules/tsx/dist/cli.mjs");
const ours = (backend: string, ...args: string[]) =>
  run(process.execPath, [tsx, join(here, "transformerWorker.ts"), ...args], {
    DREAMPRM_BACKEND: backend,
    TF_NUM_INTRAOP_THREADS: threads,
  });

for (const [what, config, tokens, rounds] of models) {
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(config));
  const sizes = [file, String(tokens), String(rounds)];
  const candidates: [string, () => Timing][] = [
    ["PyTorch", () => run(python, [join(here, "transformer.py"), ...sizes, threads])],
    ["native-gpu", () => ours("native-gpu", ...sizes)],
    ["native", () => ours("native", ...sizes)],
    ["native, recomputed", () => ours("native", ...sizes, "checkpointing")],
    // half a minute an iteration of the wide model
    ...(config === wide ? [] : [["wasm", () => ours("wasm", ...sizes)] as [string, () => Timing]]),
  ];
  console.log(`${what}: ${tokens} tokens, ${threads} thread(s), ms (× PyTorch's)`);
  let reference: Timing | undefined;
  for (const [name, time] of candidates) {
    try {
      const timing = time();
      reference ??= name === "PyTorch" ? timing : undefined;
      const show = (key: keyof Timing) =>
        `${timing[key].toFixed(1).padStart(9)}${reference ? ` (× ${(timing[key] / reference[key]).toFixed(2)})` : ""}`;
      const perToken = ((1e3 * timing.bothMs) / tokens).toFixed(0);
      console.log(
        `  ${name.padEnd(19)} forward${show("forwardMs")}   with gradients${show("bothMs")}   ${perToken} µs a token`,
      );
    } catch (error) {
      const stderr = String((error as { stderr?: Buffer }).stderr ?? error).trim();
      console.log(`  ${name.padEnd(19)} not measured: ${/^\w*Error: .*/m.exec(stderr)?.[0] ?? stderr.slice(-200)}`);
    }
  }
}
