/**
 * Makes a clone ready to run: installs what package-lock.json asks for, compiles lib/ into dist/. npm calls it before
 * start, test, lab and bench. Plain JavaScript without dependencies, because nothing may be installed yet.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const oldest = [20, 19];

checkNode();
install();
build();

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  fail(`Node ${process.versions.node} is too old; install Node ${oldest.join(".")} or newer from https://nodejs.org`);
}

/** The lock file's hash of the last complete install is kept inside node_modules, so both vanish together. */
function install() {
  const modules = join(root, "node_modules");
  const mark = join(modules, ".dreamprm-install");
  const lock = join(root, "package-lock.json");
  const hash = () => hashOf([readFileSync(lock)]);
  if (existsSync(mark) && readFileSync(mark, "utf8") === hash()) return;
  const command = existsSync(modules) ? "install" : "ci";
  say(`installing packages (npm ${command}), this takes some minutes the first time`);
  const status = npm(command, "--no-audit", "--no-fund", "--loglevel=error");
  if (status !== 0)
    fail(
      `npm ${command} failed (above). Check the network and the registry (npm ping), then try again; ` +
        "if it fails the same way, remove node_modules and try once more.",
    );
  writeFileSync(mark, hash());
}

function build() {
  const dist = join(root, "dist");
  const mark = join(dist, ".dreamprm-build");
  const lib = join(root, "lib");
  const sources = [...files(lib).filter((path) => path.endsWith(".ts")), join(root, "tsconfig.json")];
  const state = hashOf(sources.map((path) => `${relative(root, path)} ${readFileSync(path, "utf8")}`));
  if (existsSync(mark) && readFileSync(mark, "utf8") === state) return;
  removeStale(dist, lib);
  say("compiling lib/ into dist/");
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  if (!existsSync(compiler)) fail("TypeScript is not installed; run `npm install` without --omit=dev");
  const { status } = spawnSync(process.execPath, [compiler, "-p", root], { cwd: root, stdio: "inherit" });
  if (status !== 0) fail("lib/ does not compile; the errors are above");
  const program = join(dist, "cli", "main.js");
  if (existsSync(program)) chmodSync(program, 0o755); // npm linked it as `dreamprm` before it was there
  writeFileSync(mark, state);
}

/** Removes outputs whose source is gone, and the compiler's own record, where outputs it believes in are missing. */
function removeStale(dist, lib) {
  if (!existsSync(dist)) return;
  for (const path of files(dist)) {
    const base = relative(dist, path).replace(/(\.d\.ts|\.js|\.js\.map)$/, "");
    const isOutput = /(\.d\.ts|\.js|\.js\.map)$/.test(path);
    if (isOutput && !existsSync(join(lib, `${base}.ts`))) rmSync(path);
  }
  const complete = files(lib).every((path) => !path.endsWith(".ts") || existsSync(outputOf(path, lib, dist)));
  if (!complete) rmSync(join(dist, ".tsbuildinfo"), { force: true });
}

function outputOf(source, lib, dist) {
  return join(dist, relative(lib, source).replace(/\.ts$/, ".js"));
}

/** All files below a folder, without folders whose name starts with a dot. */
function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return entry.name.startsWith(".") ? [] : files(path);
  });
}

function hashOf(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
}

/** npm names its own program when it runs a script; without npm around us the one on PATH is taken. */
function npm(...args) {
  const own = process.env["npm_execpath"];
  const options = { cwd: root, stdio: "inherit" };
  const result = own?.endsWith("npm-cli.js")
    ? spawnSync(process.execPath, [own, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  if (result.error) fail(`npm could not be started (${result.error.message}); it comes with Node`);
  return result.status;
}

function say(text) {
  process.stderr.write(`dreamprm: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
