import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, release, totalmem, type } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type GitState, gitState } from "./git.js";
import { type Gpu, gpus } from "./gpu.js";
import type { Plain } from "./plain.js";
import { redactArguments } from "./redact.js";

/** What a run's numbers depend on besides its parameters. No environment variables: they hold secrets. */
export interface Environment {
  /** absent outside a repository, or without git */
  readonly git?: GitState;
  readonly node: string;
  /** "Linux 6.1.0 x64" */
  readonly os: string;
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memoryBytes: number;
  /** NVIDIA ones; empty without any */
  readonly gpus: readonly Gpu[];
  /** of dreamprm-lab */
  readonly version: string;
  /** installed versions of the direct dependencies of dreamprm-lab and of the project it runs in */
  readonly packages: Readonly<Record<string, string>>;
  readonly lockFile?: { readonly path: string; readonly sha256: string };
  /** as `startRun` was told */
  readonly backend?: Plain;
  /** the command line, with what looks like a secret replaced */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** path of the notebook whose cells started the run */
  readonly notebook?: string;
}

/** What is captured: what goes into the record, and the text of the changes against the commit. */
export interface Captured {
  readonly environment: Environment;
  readonly diff?: string;
}

/** @param store  the folder of the runs, which does not make the working tree dirty */
export async function captureEnvironment(store: string, backend?: Plain): Promise<Captured> {
  const cwd = process.cwd();
  const own = packageAbove(__dirname);
  const project = packageAbove(cwd);
  const [git, cards] = await Promise.all([gitState(cwd, store), gpus()]);
  const lockFile = project && lockOf(project.folder);
  // the second is set by Jupyter's server for its kernels
  const notebook = process.env.DREAMPRM_NOTEBOOK || process.env.JPY_SESSION_NAME;
  const processors = cpus();
  const environment = {
    ...(git && { git: git.state }),
    node: process.version,
    os: `${type()} ${release()} ${arch()}`,
    cpu: { model: processors[0]?.model ?? "unknown", cores: processors.length },
    memoryBytes: totalmem(),
    gpus: cards,
    version: own?.version ?? "unknown",
    packages: { ...(own && installed(own)), ...(project && project.folder !== own?.folder && installed(project)) },
    ...(lockFile && { lockFile }),
    ...(backend !== undefined && { backend }),
    argv: redactArguments(process.argv),
    cwd,
    ...(notebook && { notebook }),
  };
  return { environment, ...(git?.diff !== undefined && { diff: git.diff }) };
}

/** The notebook that started the run, if it can be found. */
export function notebookFile({ notebook, cwd }: Environment): string | undefined {
  const path = notebook === undefined ? undefined : resolve(cwd, notebook);
  return path !== undefined && existsSync(path) ? path : undefined;
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
