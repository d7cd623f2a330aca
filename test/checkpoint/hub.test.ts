import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.js";
import { type DownloadProgress, resolveModel, type ResolveModelOptions } from "../../lib/checkpoint/hub.js";
import { hubEnvironment } from "../../lib/checkpoint/hubEnvironment.js";
import { saveCheckpoint } from "../../lib/checkpoint/saveCheckpoint.js";
import { COMMIT, type HubServer, hubServer } from "./hubServer.js";
import { pythonWith } from "./python.js";

const REPO = "tiny-org/Tiny-VL";
const TOKEN = "hf_averysecrettoken";
const temporary = () => mkdtempSync(join(tmpdir(), "hub-"));
const python = pythonWith("huggingface_hub");

let hub: HubServer;
let home: string;
let contents: Map<string, Buffer>;
const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];

beforeEach(async () => {
  const folder = temporary();
  const values = Float32Array.from({ length: 50_000 }, (_, i) => Math.sin(i));
  const tensors = ["a", "b"].map((name) => ({ name, shape: [values.length], values: () => values }));
  const files = await saveCheckpoint(folder, tensors, { maxShardBytes: 2e5 });
  contents = new Map([
    ...files.map((name) => [name, readFileSync(join(folder, name))] as const),
    ["config.json", Buffer.from('{"model_type": "tiny"}')],
    ["tokenizer.json", Buffer.from('{"é": 1}')],
    ["merges.txt", Buffer.from("a b\n")],
    ["chat_template.jinja", Buffer.from("{{ messages }}")],
    ["pytorch_model.bin", Buffer.from("pickle")],
    ["README.md", Buffer.from("# Tiny")],
    ["training_args.bin", Buffer.from("pickle")],
    ["onnx/config.json", Buffer.from("{}")],
  ]);
  hub = await hubServer(REPO, contents);
  home = temporary();
  for (const name of [
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_TOKEN_PATH",
  ]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("HF_ENDPOINT", `${hub.endpoint}/`);
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("HF_TOKEN", TOKEN);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});

const resolve = (options: ResolveModelOptions = {}) => resolveModel(REPO, { retryDelayMs: 5, ...options });
const cached = () => join(home, "hub", "models--tiny-org--Tiny-VL");
const wanted = () => [
  "chat_template.jinja",
  "config.json",
  "merges.txt",
  ...shards,
  "model.safetensors.index.json",
  "tokenizer.json",
];
const contentRequests = (name: string) =>
  hub.seen.filter(({ url }) => url.includes(`/${name}`) && !url.includes("/api/"));

function expectWhole(folder: string): void {
  expect(readdirSync(folder).sort()).toEqual(wanted());
  for (const name of wanted()) expect(readFileSync(join(folder, name)).equals(contents.get(name)!), name).toBe(true);
}

test("a model is downloaded once, into the cache's layout, without what is not needed", async () => {
  const progress: DownloadProgress[] = [];
  const { folder, commit, fromCache } = await resolve({ onProgress: (step) => progress.push(step) });
  expect([folder, commit, fromCache]).toEqual([join(cached(), "snapshots", COMMIT), COMMIT, undefined]);
  expectWhole(folder);
  expect(readFileSync(join(cached(), "refs/main"), "utf8")).toBe(COMMIT);
  expect(readlinkSync(join(folder, shards[0]))).toBe(
    `../../blobs/${createHash("sha256").update(contents.get(shards[0])!).digest("hex")}`,
  );
  expect(readdirSync(join(cached(), "blobs")).length).toBe(wanted().length);
  const total = wanted().reduce((sum, name) => sum + contents.get(name)!.length, 0);
  expect(progress.at(-1)).toEqual({ file: shards[1], receivedBytes: total, totalBytes: total });
  for (const [i, { receivedBytes, totalBytes }] of progress.entries()) {
    expect(receivedBytes).toBeLessThanOrEqual(totalBytes);
    if (i > 0) expect(receivedBytes).toBeGreaterThanOrEqual(progress[i - 1].receivedBytes);
  }
  const checkpoint = await openCheckpoint(folder);
  expect([...checkpoint.tensors.keys()]).toEqual(["a", "b"]);
  await checkpoint.close();

  const before = hub.seen.length;
  await resolve({ revision: COMMIT });
  expect(hub.seen.slice(before).every(({ url }) => url.startsWith("/api/"))).toBe(true);
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  const again = hub.seen.length;
  expect(await resolve()).toEqual({ folder, commit: COMMIT, fromCache: "offline" });
  expect(hub.seen.length).toBe(again);
});

test("the token goes to the endpoint and not to the host that it redirects to", async () => {
  await resolve();
  const sent = (host: string) =>
    new Set(hub.seen.filter((seen) => seen.host === host).map((seen) => seen.authorization));
  expect(sent("hub")).toEqual(new Set([`Bearer ${TOKEN}`]));
  expect(sent("cdn")).toEqual(new Set([undefined]));
});

test("a connection that is cut is gone on from where it broke", async () => {
  const [first, second] = shards;
  hub.faults.set(first, [{ cutAfter: 60_000 }, { status: 403 }, { cutAfter: 50_000 }]); // 403: a signature ran out
  hub.faults.set(second, [{ cutAfter: 1000 }, "ignore-range"]);
  hub.faults.set("tokenizer.json", [{ status: 500 }]);
  const progress: DownloadProgress[] = [];
  expectWhole((await resolve({ onProgress: (step) => progress.push(step) })).folder);
  const ranges = (name: string) =>
    contentRequests(name)
      .filter(({ host }) => host === "cdn")
      .map(({ range }) => range);
  const [whole, ...rest] = ranges(first);
  expect(whole).toBeUndefined();
  const starts = rest.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]));
  expect(starts.length).toBe(3);
  expect(starts[0]).toBeGreaterThan(0);
  expect(starts[0]).toBeLessThanOrEqual(60_000);
  expect(starts[1]).toBe(starts[0]);
  expect(starts[2]).toBeGreaterThan(starts[1]);
  expect(ranges(second).length).toBe(2);
  expect(progress.at(-1)?.receivedBytes).toBe(progress.at(-1)?.totalBytes);
});

test("what one process left is gone on from by the next", async () => {
  const cut = Array.from({ length: 5 }, (_, i) => (i === 0 ? { cutAfter: 70_000 } : { status: 502 }));
  hub.faults.set(shards[0], [...cut, { status: 502 }]);
  await expect(resolve()).rejects.toThrow(/answers 502 to .*of 200\d+ bytes are kept, the next attempt goes on/);
  const left = readdirSync(join(cached(), "blobs")).filter((name) => name.endsWith(".incomplete"));
  expect(left.length).toBe(1);
  expect(existsSync(join(cached(), "refs/main"))).toBe(false);
  const kept = readFileSync(join(cached(), "blobs", left[0])).length;
  const before = hub.seen.length;
  expectWhole((await resolve()).folder);
  const [request] = hub.seen.slice(before).filter(({ host }) => host === "cdn");
  expect(request.range).toBe(`bytes=${kept}-`);
  expect(readdirSync(join(cached(), "blobs")).filter((name) => !/^[0-9a-f]+$/.test(name))).toEqual([]);
});

test("a wrong checksum deletes what came, of large and of small files", async () => {
  for (const name of [shards[1], "config.json"]) {
    empty();
    hub.faults.set(name, ["corrupt"]);
    const error = await resolve().catch((error: Error) => error.message);
    expect(error).toMatch(
      /came with (?:sha256|git-sha1) [0-9a-f]+ instead of [0-9a-f]+; what came was deleted: try again/,
    );
    expect(error).toContain(name);
    expect(readdirSync(join(cached(), "blobs")).filter((blob) => blob.endsWith(".incomplete"))).toEqual([]);
  }
  hub.faults.set(shards[0], [{ cutAfter: 1000 }, "corrupt"]); // the second half of it
  empty();
  await expect(resolve()).rejects.toThrow(/what came was deleted/);
  expectWhole((await resolve()).folder);
});

const empty = () => rmSync(cached(), { recursive: true, force: true });

test("two downloads at the same time share the work", async () => {
  const [one, two] = await Promise.all([resolve(), resolve()]);
  expect(one).toEqual(two);
  expectWhole(one.folder);
  for (const name of shards) expect(contentRequests(name).filter(({ host }) => host === "cdn").length).toBe(1);
});

test.each<[{ status: number; code?: string }, RegExp]>([
  [
    { status: 401, code: "RepoNotFound" },
    /there is no model tiny-org\/Tiny-VL at http.*\(401\): check the name, or your token may not read it/,
  ],
  [{ status: 404 }, /there is no model/],
  [{ status: 403, code: "GatedRepo" }, /is gated: accept its terms at http\S+\/tiny-org\/Tiny-VL, then set HF_TOKEN/],
  [{ status: 401, code: "GatedRepo" }, /is gated/],
  [{ status: 401 }, /refuses the token in HF_TOKEN \(401\); set HF_TOKEN to a token from http\S+\/settings\/tokens/],
  [{ status: 404, code: "RevisionNotFound" }, /has no such revision/],
  [
    { status: 503 },
    /cannot be loaded: 127\.0\.0\.1:\d+ answers 503 to .*snapshots\/main lacks config\.json, model\.safetensors or/,
  ],
  [{ status: 400 }, /answers 400 to/],
])("an answer %j says what to do", async (refusal, message) => {
  hub.refusal = refusal;
  const error = await resolve().catch((error: Error) => error);
  expect(error).toMatchObject({ message: expect.stringMatching(message) as unknown });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(TOKEN);
  vi.stubEnv("HF_TOKEN", undefined);
  if (refusal.code === "RepoNotFound")
    await expect(resolve()).rejects.toThrow(/if it is private or gated, set HF_TOKEN/);
});

test("an endpoint that is no hub is said to be none", async () => {
  const page = createServer((_, response) => response.end("<html>Sign in</html>"));
  await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("HF_ENDPOINT", `http://127.0.0.1:${(page.address() as AddressInfo).port}`);
  await expect(resolve()).rejects.toThrow(/does not answer as a hub does \(.*\): check HF_ENDPOINT/);
  page.closeAllConnections();
  await new Promise((resolve) => page.close(resolve));
});

test("without a network the cache is taken, where it is whole", async () => {
  const { folder } = await resolve();
  await hub.close();
  expect(await resolve()).toEqual({
    folder,
    commit: COMMIT,
    fromCache: expect.stringContaining("cannot reach 127.0.0.1:") as string,
  });
  expect((await resolve({ revision: COMMIT, offline: true })).folder).toBe(folder);
  rmSync(join(folder, shards[1]));
  await expect(resolve()).rejects.toThrow(
    /cannot reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\), and .* lacks model-00002-of-00002/,
  );
  await expect(resolve({ revision: "v2", offline: true })).rejects.toThrow(/Tiny-VL \(v2\) cannot be loaded: offline/);
});

test("a disk that is too small is seen before anything is written", async () => {
  hub.sizes.set(shards[0], 1e17);
  await expect(resolve()).rejects.toThrow(
    /the disk is full: 100000000000000000 bytes more are needed, \d+ are free in .*HF_HOME/,
  );
});

test.skipIf(!existsSync("/dev/full"))("a disk that fills up while a file is written is said to be full", async () => {
  const blobs = join(cached(), "blobs");
  const etag = createHash("sha256").update(contents.get(shards[0])!).digest("hex");
  mkdirSync(blobs, { recursive: true });
  symlinkSync("/dev/full", join(blobs, `${etag}.incomplete`));
  await expect(resolve()).rejects.toThrow(/the disk is full: ENOSPC in .*blobs; free some, or set HF_HOME/);
});

test("pickled weights are refused, and so is a repository without weights", async () => {
  for (const name of [...shards, "model.safetensors.index.json"]) contents.delete(name);
  await hub.close();
  hub = await hubServer(REPO, contents);
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  await expect(resolve()).rejects.toThrow(/keeps its weights in pytorch_model\.bin, a format that may run any program/);
  expect(hub.seen.every(({ url }) => url.startsWith("/api/"))).toBe(true);
});

test("a single file is preferred to shards", async () => {
  contents.set("model.safetensors", contents.get(shards[0])!);
  await hub.close();
  hub = await hubServer(REPO, contents);
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  const { folder } = await resolve();
  expect(readdirSync(folder)).toContain("model.safetensors");
  expect(readdirSync(folder)).not.toContain(shards[0]);
  expect(readdirSync(folder)).not.toContain("model.safetensors.index.json");
});

test("a folder is taken as it is; what is neither folder nor name is refused", async () => {
  const folder = temporary();
  await expect(resolveModel(folder)).rejects.toThrow(
    /is no model's folder: it lacks config\.json, model\.safetensors or/,
  );
  for (const [name, content] of contents) {
    mkdirSync(join(folder, "onnx"), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  expect(await resolveModel(folder)).toEqual({ folder });
  rmSync(join(folder, shards[1]));
  await expect(resolveModel(folder)).rejects.toThrow(/it lacks model-00002-of-00002\.safetensors/);
  for (const name of ["./nothing", "a/b/c", "../x", "a b", "a--b", ""]) {
    await expect(resolveModel(name), name).rejects.toThrow(/is neither a folder nor a model's name on the hub/);
  }
  await expect(resolve({ revision: "../../x" })).rejects.toThrow(/"\.\.\/\.\.\/x" is no revision/);
  expect(hub.seen).toEqual([]);
});

test("the variables are read as Python reads them", () => {
  const home = process.env["HOME"];
  const read = (env: NodeJS.ProcessEnv) => hubEnvironment(env);
  expect(read({ HF_HOME: "/nowhere" })).toEqual({
    endpoint: "https://huggingface.co",
    cacheDir: "/nowhere/hub",
    offline: false,
    token: undefined,
  });
  expect(read({ HF_HOME: "~/hf" }).cacheDir).toBe(join(home ?? "", "hf/hub"));
  expect(read({ XDG_CACHE_HOME: "/x" }).cacheDir).toBe("/x/huggingface/hub");
  expect(read({ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/b", HF_HUB_CACHE: "/c" }).cacheDir).toBe("/c");
  expect(read({ HF_HOME: "/h", TRANSFORMERS_OFFLINE: "YES" }).offline).toBe(true);
  expect(read({ HF_HOME: "/h", HF_HUB_OFFLINE: "0" }).offline).toBe(false);
  const folder = temporary();
  writeFileSync(join(folder, "token"), `${TOKEN}\n`);
  expect(read({ HF_HOME: folder }).token).toBe(TOKEN);
  expect(read({ HF_HOME: folder, HF_TOKEN: "hf_other " }).token).toBe("hf_other");
  const broken = () => read({ HF_HOME: folder, HF_TOKEN: "hf_one\nhf_two" });
  expect(broken).toThrow(/HF_TOKEN .* holds characters that no token has/);
  expect(broken).not.toThrow(/hf_one/);
  expect(() => read({ HF_ENDPOINT: "mirror.example" })).toThrow(/HF_ENDPOINT is mirror\.example, not an address/);
});

test.skipIf(!python)("Python's huggingface_hub reads this cache, and this reads Python's", async () => {
  const { folder } = await resolve();
  const program = `
import json, sys
from huggingface_hub import snapshot_download, scan_cache_dir, try_to_load_from_cache
local = sys.argv[1] == "local"
folder = snapshot_download("${REPO}", local_files_only=local, allow_patterns=None if local else ["*.json", "*.safetensors"])
repos = scan_cache_dir()
print(json.dumps([folder, try_to_load_from_cache("${REPO}", "config.json"), [str(w) for w in repos.warnings], [r.repo_id for r in repos.repos]]))
`;
  expect(await python?.(program, ["local"], { HF_HUB_OFFLINE: "1" })).toEqual([
    folder,
    join(folder, "config.json"),
    [],
    [REPO],
  ]);
  home = temporary();
  vi.stubEnv("HF_HOME", home);
  const [theirs] = (await python?.(program, ["remote"], { HF_HUB_DISABLE_XET: "1" })) as [string];
  const before = hub.seen.length;
  expect(await resolve({ offline: true })).toEqual({ folder: theirs, commit: COMMIT, fromCache: "offline" });
  expect(hub.seen.length).toBe(before);
  await resolve(); // what Python was not asked for comes, what it has does not come again
  const files = hub.seen
    .slice(before)
    .filter(({ url }) => !url.startsWith("/api/"))
    .map(({ url }) => url.split("/").at(-1));
  expect(files.sort()).toEqual(["chat_template.jinja", "merges.txt"]);
  expect(readdirSync(theirs).length).toBeGreaterThan(5);
});
