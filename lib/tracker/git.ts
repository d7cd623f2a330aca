import { execFile } from "node:child_process";
import { realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { redactText } from "./redact.js";

export interface GitState {
  readonly commit: string;
  /** absent when HEAD is detached */
  readonly branch?: string;
  /** files changed or not added, the store itself aside */
  readonly dirty: boolean;
  /** artifact with the changes against `commit`; absent when no tracked file is changed */
  readonly diff?: typeof DIFF;
  /** files not added, at most 100 */
  readonly untracked?: readonly { readonly path: string; readonly bytes: number }[];
}

export const DIFF = "environment/diff.patch";
const DIFF_BYTES = 1 << 20;
const UNTRACKED = 100;
/** Files that exist to hold secrets: no diff of them is kept. */
const SECRET_FILES = [
  ".env",
  ".env.*",
  "*.env",
  "*.pem",
  "*.key",
  "id_rsa*",
  "id_ed25519*",
  ".npmrc",
  ".netrc",
  "*credentials*",
];

const run = promisify(execFile);

/**
 * Commit and changes of the repository around `cwd`; undefined without one, without a commit or without git.
 *
 * @param store  the folder of the runs, which does not make the working tree dirty
 * @returns `diff`: the changes of tracked files, redacted, at most 1 MiB
 */
export async function gitState(cwd: string, store: string): Promise<{ state: GitState; diff?: string } | undefined> {
  const git = async (...args: string[]) => {
    const { stdout } = await run("git", ["--no-optional-locks", ...args], { cwd, timeout: 10_000, maxBuffer: 1 << 28 });
    return stdout;
  };
  try {
    const [top, status] = await Promise.all([
      git("rev-parse", "--show-toplevel"),
      git("status", "--porcelain=v2", "--branch", "-z"),
    ]);
    const root = top.replace(/\n$/, "");
    const lines = status.split("\0");
    const header = (key: string) => lines.find((line) => line.startsWith(`# ${key} `))?.slice(key.length + 3);
    const [commit, branch] = [header("branch.oid"), header("branch.head")];
    if (commit === undefined || commit === "(initial)") return undefined;
    const inTree = relative(root, realpathSync(store)).split(sep).join("/");
    const paths = lines.filter((line) => line.startsWith("? ")).map((line) => line.slice(2));
    const untracked = paths.filter((path) => !within(path, inTree));
    const changed = lines.some((line) => /^[12u] /.test(line));
    const diff = changed ? await readDiff(git, inTree) : "";
    const state: GitState = {
      commit,
      ...(branch !== "(detached)" && branch !== undefined && { branch }),
      dirty: changed || untracked.length > 0,
      ...(diff !== "" && { diff: DIFF }),
      ...(untracked.length > 0 && {
        untracked: untracked.slice(0, UNTRACKED).map((path) => ({ path, bytes: sizeOf(join(root, path)) })),
      }),
    };
    return diff === "" ? { state } : { state, diff };
  } catch {
    return undefined;
  }
}

async function readDiff(git: (...args: string[]) => Promise<string>, store: string): Promise<string> {
  const secret = SECRET_FILES.map((name) => `:(top,exclude,glob,icase)**/${name}`);
  const inside = store !== "" && !store.startsWith("..") ? [`:(top,exclude,literal)${store}`] : [];
  const flags = ["--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/"];
  const text = redactText(await git("diff", "HEAD", ...flags, "--", ":(top)", ...secret, ...inside));
  const bytes = Buffer.from(text);
  if (bytes.length <= DIFF_BYTES) return text;
  const whole = bytes.subarray(0, bytes.lastIndexOf(10, DIFF_BYTES) + 1).toString("utf8");
  return `${whole}# cut here: ${DIFF_BYTES} of ${bytes.length} bytes are kept\n`;
}

/** An untracked entry that is the store, lies in it, or is a folder that holds it. */
function within(path: string, store: string): boolean {
  return path.startsWith(`${store}/`) || (path.endsWith("/") && `${store}/`.startsWith(path));
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
