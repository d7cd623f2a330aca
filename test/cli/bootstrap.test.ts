import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const project = join(__dirname, "..", "..");
let root: string;

/** Stands in for npm: notes how it was called and "installs" this project's TypeScript. */
const npm = `
const fs = require("node:fs");
fs.appendFileSync("npm.log", process.argv[2] + "\\n");
if (fs.existsSync("offline")) { console.error("ENOTFOUND"); process.exit(1); }
fs.mkdirSync("node_modules", { recursive: true });
if (!fs.existsSync("node_modules/typescript")) fs.symlinkSync(${JSON.stringify(join(project, "node_modules", "typescript"))}, "node_modules/typescript");
`;
const write = (path: string, text: string) => writeFileSync(join(root, path), text);
const has = (path: string) => existsSync(join(root, path));
const calls = () => (has("npm.log") ? readFileSync(join(root, "npm.log"), "utf8").trim().split("\n") : []);

function bootstrap(...nodeArguments: string[]) {
  const options = { encoding: "utf8", env: { ...process.env, npm_execpath: join(root, "npm-cli.js") } } as const;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeArguments, join(root, "lib/cli/bootstrap.mjs")],
    options,
  );
  return { status, printed: stdout + stderr };
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootstrap-"));
  mkdirSync(join(root, "lib", "cli"), { recursive: true });
  cpSync(join(project, "lib/cli/bootstrap.mjs"), join(root, "lib/cli/bootstrap.mjs"));
  const compilerOptions = { rootDir: "lib", outDir: "dist", incremental: true, tsBuildInfoFile: "dist/.tsbuildinfo" };
  write("tsconfig.json", JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] }, include: ["lib"] }));
  write("package.json", "{}");
  write("package-lock.json", "{}");
  write("lib/a.ts", "export const a = 1;");
  write("lib/b.ts", "export const b = 2;");
  write("npm-cli.js", npm);
});
afterEach(() => rmSync(root, { recursive: true }));

test("a bare clone is installed and built once; then nothing is done, quickly and quietly", () => {
  expect(bootstrap()).toMatchObject({ status: 0 });
  expect(calls()).toEqual(["ci"]);
  expect(has("dist/a.js") && has("dist/b.js")).toBe(true);
  expect(bootstrap()).toEqual({ status: 0, printed: "" });
  expect(calls()).toEqual(["ci"]);
});

test("a changed lock file installs, a changed source builds, a deleted source takes its outputs along", () => {
  bootstrap();
  write("package-lock.json", '{ "changed": true }');
  bootstrap();
  expect(calls()).toEqual(["ci", "install"]);
  write("lib/a.ts", "export const a = 'new';");
  rmSync(join(root, "lib/b.ts"));
  expect(bootstrap().printed).toContain("compiling");
  expect(readFileSync(join(root, "dist/a.js"), "utf8")).toContain("new");
  expect(has("dist/b.js")).toBe(false);
});

test("outputs that were removed by hand come back with the next change", () => {
  bootstrap();
  rmSync(join(root, "dist/b.js"));
  write("lib/a.ts", "export const a = 3;");
  bootstrap();
  expect(has("dist/b.js")).toBe(true);
});

test("a failed install and a failed build say so, exit 1 and are tried again", () => {
  write("offline", "");
  expect(bootstrap()).toMatchObject({ status: 1, printed: expect.stringContaining("npm ci failed") as string });
  rmSync(join(root, "offline"));
  write("lib/a.ts", "export const a: string = 1;");
  for (let attempt = 0; attempt < 2; attempt++)
    expect(bootstrap()).toMatchObject({ status: 1, printed: expect.stringContaining("lib/a.ts") as string });
});

test("an old Node is refused before anything is installed", () => {
  write("old.cjs", 'Object.defineProperty(process.versions, "node", { value: "20.18.3" });');
  const { status, printed } = bootstrap("--require", join(root, "old.cjs"));
  expect({ status, calls: calls() }).toEqual({ status: 1, calls: [] });
  expect(printed).toContain("Node 20.18.3 is too old; install Node 20.19");
});
