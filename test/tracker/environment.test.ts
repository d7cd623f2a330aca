import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DIFF, gitState } from "../../lib/tracker/git.js";
import { fromProc, parseGpus } from "../../lib/tracker/gpu.js";
import { REDACTED, redactArguments, redactText } from "../../lib/tracker/redact.js";
import { openStore } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = realpathSync(temporaryFolder());

describe("a repository's state", () => {
  const git = (cwd: string, ...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd, encoding: "utf8" });

  /** With one commit of `code.ts`, `.env` and `bild.bin`, and a store in the tree. */
  function repository() {
    const folder = mkdtempSync(join(root, "repo ü "));
    git(folder, "init", "-q", "-b", "main");
    mkdirSync(join(folder, "src"));
    const write = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text);
    write("src/code.ts", "const a = 1;\nconst b = 2;\n");
    write(".env", "PORT=1\n");
    write("bild.bin", Buffer.from([0, 1, 2]));
    git(folder, "add", ".");
    git(folder, "commit", "-qm", "first");
    mkdirSync(join(folder, "runs"));
    writeFileSync(join(folder, "runs", "index.json"), "{}");
    return { folder, write, state: (cwd = folder) => gitState(cwd, join(folder, "runs")) };
  }

  test("is clean but for the store, and names commit and branch", async () => {
    const { folder, state } = repository();
    const commit = git(folder, "rev-parse", "HEAD").trim();
    expect(await state()).toEqual({ state: { commit, branch: "main", dirty: false } });
    git(folder, "checkout", "-q", "--detach");
    expect(await state(join(folder, "src"))).toEqual({ state: { commit, dirty: false } });
    expect(await gitState(root, root)).toBeUndefined();
  });

  test("has the changes as a patch that makes the tree again, from a folder below too", async () => {
    const { folder, write, state } = repository();
    write("src/code.ts", "const a = 1;\nconst b = 3; // ü\n");
    write("src/new.ts", "new");
    git(folder, "add", "src/new.ts");
    write("notes.txt", "12345");
    const found = await state(join(folder, "src"));
    expect(found?.state).toMatchObject({ dirty: true, diff: DIFF, untracked: [{ path: "notes.txt", bytes: 5 }] });
    const clone = join(root, "clone");
    git(root, "clone", "-q", folder, clone);
    writeFileSync(join(root, "p.patch"), found?.diff ?? "");
    git(clone, "apply", join(root, "p.patch"));
    expect(readFileSync(join(clone, "src/code.ts"), "utf8")).toBe("const a = 1;\nconst b = 3; // ü\n");
    expect(readFileSync(join(clone, "src/new.ts"), "utf8")).toBe("new");
  });

  test("keeps no secrets: neither files that hold them nor values that look like them", async () => {
    const { write, state } = repository();
    write(".env", "PORT=2\nX=hunter2\n");
    write(
      "src/code.ts",
      'const apiKey = "s3cr3t-value";\nconst key = "hf_abcdefghijklmnop";\nconst tokens = split(text);\n',
    );
    const diff = (await state())?.diff ?? "";
    expect(diff).not.toMatch(/hunter2|s3cr3t|hf_abc|\.env/);
    expect(diff).toContain(`+const apiKey = "${REDACTED}";`);
    expect(diff).toContain("+const tokens = split(text);");
  });

  test("cuts a diff of more than 1 MiB at a line and says so", async () => {
    const { write, state } = repository();
    write("src/code.ts", "const line = 1234567890;\n".repeat(100_000));
    const diff = (await state())?.diff ?? "";
    expect(Buffer.byteLength(diff)).toBeLessThan((1 << 20) + 200);
    expect(diff).toMatch(/const line = 1234567890;\n# cut here: 1048576 of \d+ bytes are kept\n$/);
  });
});

test("a run keeps the patch as an artifact", async () => {
  const store = await openStore(join(root, "with diff"));
  const run = await store.startRun({ name: "x", params: {} });
  await run.finish();
  const record = await store.read(run.id);
  const { git } = record.environment;
  expect(record.artifacts.map(({ name }) => name)).toEqual(git?.diff === undefined ? [] : [DIFF]);
  if (git?.diff !== undefined) expect(readFileSync(await record.artifact(DIFF), "utf8")).toMatch(/^diff --git a\//);
});

test.each([
  [
    ["--token", "abc", "--lr", "0.1"],
    ["--token", REDACTED, "--lr", "0.1"],
  ],
  [
    ["--api-key=abc", "--seed=3"],
    [`--api-key=${REDACTED}`, "--seed=3"],
  ],
  [
    ["WANDB_API_KEY=abc", "password:x"],
    [`WANDB_API_KEY=${REDACTED}`, `password:${REDACTED}`],
  ],
  [
    ["sk-abcdefghijkl", "--model=hf_abcdefghijkl"],
    [REDACTED, `--model=${REDACTED}`],
  ],
  [["https://me:pw@host/x"], [`https://${REDACTED}@host/x`]],
  [["--max-tokens=100", "--tokenizer", "bpe", "--token", "--quiet", "risk-free"], null],
])("arguments %j", (argv, expected) => {
  expect(redactArguments(argv)).toEqual(expected ?? argv);
});

test.each([
  ["  api_key: 0123456789abcdef\n", `  api_key: ${REDACTED}\n`],
  ["+export HF_TOKEN=abc12345678\n", `+export HF_TOKEN=${REDACTED}\n`],
  ['{"password": "correct-horse"}', `{"password": "${REDACTED}"}`],
  ["eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", REDACTED],
  ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n", `${REDACTED}\n`],
  ["const token = tokens[i];\nfor (const token of list)\nkey: value\n", null],
  ["const secret = readSecret(path);\nmaxTokens: 1024\n", null],
])("text %j", (text, expected) => {
  expect(redactText(text)).toBe(expected ?? text);
});

test("GPUs are read from nvidia-smi's table, or from the driver's own folder", () => {
  const table = "NVIDIA H200, 550.54.15, 143771\nNVIDIA T4, [N/A], [N/A]\n";
  expect(parseGpus(table)).toEqual([
    { name: "NVIDIA H200", driver: "550.54.15", memoryBytes: 143771 * 2 ** 20 },
    { name: "NVIDIA T4" },
  ]);
  const folder = join(root, "gpus");
  mkdirSync(join(folder, "0000:00:1e.0"), { recursive: true });
  writeFileSync(join(folder, "0000:00:1e.0", "information"), "Model: \t\t Tesla T4\nIRQ:   10\n");
  expect(fromProc(folder)).toEqual([{ name: "Tesla T4" }]);
  expect(fromProc(join(root, "none"))).toEqual([]);
});
