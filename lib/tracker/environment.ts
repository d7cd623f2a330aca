import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { arch, cpus, release, totalmem, type } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { promisify } from "node:util";
import type { Plain } from "./plain.js";

/** What a run's numbers depend on besides its parameters. No environment variables: they hold secrets. */
export interface Environment {
  /** absent outside a repository, or without git */
  readonly git?: GitState;
  readonly node: string;
  /** "Linux 6.1.0 x64" */
  readonly os: string;
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memoryBytes: number;
  /** of dreamprm-lab */
  readonly version: string;
  /** installed versions of the direct dependencies of dreamprm-lab and of the project it runs in */
  readonly packages: Readonly<Record<string, string>>;
  readonly lockFile?: { readonly path: string; readonly sha256: string };
  /** as `startRun` was told */
  readonly backend?: Plain;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly notebook?: string;
}

export interface GitState {
  readonly commit: string;
  /** absent when HEAD is detached */
  readonly branch?: string;
  /** files changed or not added, the store itself aside */
  readonly dirty: boolean;
}

/** @param store  the folder of the runs, which does not make the working tree dirty */
export async function captureEnvironment(store: string, backend?: Plain): Promise<Environment> {
  const cwd = process.cwd();
  const own = packageAbove(__dirname);
  const project = packageAbove(cwd);
  const git = await gitState(cwd, store);
  const lockFile = project && lockOf(project.folder);
  const notebook = process.env.DREAMPRM_NOTEBOOK;
  const processors = cpus();
  return {
    ...(git && { git }),
    node: process.version,
    os: `${type()} ${release()} ${arch()}`,
    cpu: { model: processors[0]?.model ?? "unknown", cores: processors.length },
    memoryBytes: totalmem(),
    version: own?.version ?? "unknown",
    packages: { ...(own && installed(own)), ...(project && project.folder !== own?.folder && installed(project)) },
    ...(lockFile && { lockFile }),
    ...(backend !== undefined && { backend }),
    argv: process.argv,
    cwd,
    ...(notebook && { notebook }),
  };
}

/** The nearest folder at or above `start` that holds a package.json. */
export function projectRoot(start: string): string | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

interface Package {
  readonly folder: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function packageAbove(start: string): Package | undefined {
  const folder = projectRoot(start);
  return folder === undefined ? undefined : readPackage(folder);
}

function readPackage(folder: string): Package | undefined {
  try {
    return { ...(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as object), folder };
  } catch {
    return undefined;
  }
}

function installed({ folder, dependencies, optionalDependencies }: Package): Record<string, string> {
  const versions = Object.keys({ ...dependencies, ...optionalDependencies })
    .sort()
    .map((name) => [name, versionOf(name, folder)] as const);
  return Object.fromEntries(versions.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** Looks where `require` would: node_modules of the folder and of all above it. */
function versionOf(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const version = readPackage(join(folder, "node_modules", name))?.version;
    if (version !== undefined || folder === dirname(folder)) return version;
  }
}

function lockOf(folder: string): Environment["lockFile"] {
  const path = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"]
    .map((name) => join(folder, name))
    .find((file) => existsSync(file));
  if (path === undefined) return undefined;
  return { path, sha256: createHash("sha256").update(readFileSync(path)).digest("hex") };
}

const run = promisify(execFile);

async function gitState(cwd: string, store: string): Promise<GitState | undefined> {
  const git = async (...args: string[]) => {
    const { stdout } = await run("git", ["--no-optional-locks", ...args], { cwd, timeout: 10_000, maxBuffer: 1 << 28 });
    return stdout;
  };
  try {
    const [top, status] = await Promise.all([
      git("rev-parse", "--show-toplevel"),
      git("status", "--porcelain=v2", "--branch", "-z"),
    ]);
    const lines = status.split("\0");
    const header = (key: string) => lines.find((line) => line.startsWith(`# ${key} `))?.slice(key.length + 3);
    const [commit, branch] = [header("branch.oid"), header("branch.head")];
    if (commit === undefined || commit === "(initial)") return undefined;
    const inTree = relative(top.replace(/\n$/, ""), realpathSync(store)).split(sep).join("/");
    const dirty = lines.some(
      (line) => /^[12u] /.test(line) || (line.startsWith("? ") && !within(line.slice(2), inTree)),
    );
    return { commit, ...(branch !== "(detached)" && branch !== undefined && { branch }), dirty };
  } catch {
    return undefined;
  }
}

/** An untracked entry that is the store, lies in it, or is a folder that holds it. */
function within(path: string, store: string): boolean {
  return path.startsWith(`${store}/`) || (path.endsWith("/") && `${store}/`.startsWith(path));
}
