import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BACKEND_NAMES, type BackendReport } from "../../lib/core/backend.js";
import { LOCAL_TENSORFLOW } from "../../lib/core/nativeBinding.js";

interface Loaded {
  report: BackendReport;
  same: boolean;
  current: string;
  product: number[][];
  gradient: number[][];
  environment: (string | null)[];
}

const installed = existsSync(LOCAL_TENSORFLOW);
if (!installed) console.log("native backend not tested: run `npm run setup:tensorflow` first");

function load(backend: string | undefined, nodeOptions: string[] = []) {
  const { DREAMPRM_BACKEND: _, ...env } = process.env;
  const args = ["--import", "tsx", ...nodeOptions, join(__dirname, "loadBackend.ts")];
  const child = spawn(process.execPath, args, {
    env: { ...env, ...(backend !== undefined && { DREAMPRM_BACKEND: backend }) },
  });
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
      const chunks: string[] = [];
      stream.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
      return chunks;
    });
    child.on("close", (code) => resolve({ code, stdout: stdout.join(""), stderr: stderr.join("") }));
  });
}

async function loadQuietly(backend: string | undefined, nodeOptions: string[] = []): Promise<Loaded> {
  const { code, stdout, stderr } = await load(backend, nodeOptions);
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Loaded;
}

function expectRightNumbers({ product, gradient, same, environment }: Loaded): void {
  expect(product).toEqual([
    [5, 11, 17],
    [11, 25, 39],
    [17, 39, 61],
  ]);
  // Σ 2·x² over row 2, twice gathered
  expect(gradient).toEqual([
    [0, 0],
    [0, 0],
    [20, 24],
  ]);
  expect(same).toBe(true);
  expect(environment).toEqual([
    process.env["CUDA_VISIBLE_DEVICES"] ?? null,
    process.env["TF_CPP_MIN_LOG_LEVEL"] ?? null,
  ]);
}

describe.concurrent("useBackend", () => {
  test.each([
    ["wasm", "wasm", { device: "CPU", threads: 1, simd: true }],
    ["cpu", "cpu", { device: "CPU", threads: 1, simd: false }],
  ])("%s, forced: right numbers, nothing else printed", async (name, current, expected) => {
    const loaded = await loadQuietly(name);
    expectRightNumbers(loaded);
    expect(loaded.report).toMatchObject({ name, version: "4.22.0", tried: [], ...expected });
    expect(loaded.current).toBe(current);
  });

  test.runIf(installed)("native, forced: right numbers, nothing else printed", async () => {
    const loaded = await loadQuietly("native");
    expectRightNumbers(loaded);
    expect(loaded.report).toMatchObject({ name: "native", device: "CPU", tried: [] });
    expect(loaded.report.version).toMatch(/^2\.\d+/);
    expect(loaded.current).toBe("tensorflow");
  });

  test.runIf(installed)("native loads although Node 23 removed util.isArray and util.isNullOrUndefined", async () => {
    const removal =
      "data:text/javascript,import util from 'node:util'; delete util.isArray; delete util.isNullOrUndefined";
    expectRightNumbers(await loadQuietly("native", ["--import", removal]));
  });

  test("unforced: the best that loads, with a reason and a remedy for every better one", async () => {
    const loaded = await loadQuietly(undefined);
    expectRightNumbers(loaded);
    const { name, tried } = loaded.report;
    expect(tried.map((attempt) => attempt.name)).toEqual(BACKEND_NAMES.slice(0, BACKEND_NAMES.indexOf(name)));
    for (const { reason, remedy } of tried) {
      expect(reason).toMatch(/not installed|sees no GPU/);
      expect(remedy).toContain("npm run setup:tensorflow");
    }
  });

  test("an unknown name is refused with the names there are", async () => {
    const { code, stderr, stdout } = await load("webgl");
    expect(code).not.toBe(0);
    expect(stdout).toBe("");
    expect(stderr).toContain('DREAMPRM_BACKEND is "webgl"; use one of native-gpu, native, wasm, cpu');
  });

  test.skipIf(existsSync("/proc/driver/nvidia"))(
    "a forced backend that does not load is an error with its reason and remedy",
    async () => {
      const { code, stderr } = await load("native-gpu");
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/forced by DREAMPRM_BACKEND=native-gpu does not load/);
      expect(stderr).toMatch(/not installed|sees no GPU/);
      expect(stderr).toContain("npm run setup:tensorflow -- --gpu");
    },
  );
});
