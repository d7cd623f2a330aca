import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

export type FoundChromium = { path: string; source: "DREAMPRM_CHROMIUM" | "installed" | "@sparticuz/chromium" };
export type MissingChromium = { missing: string; remedy: string };

const executable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/**
 * The Chromium that draws the figures: `DREAMPRM_CHROMIUM`, else an installed Chrome, Chromium or Edge,
 * else the one inside the npm package @sparticuz/chromium (Linux x64), unpacked once (190 MB, 4 s).
 */
export function findChromium(): FoundChromium | MissingChromium {
  const told = process.env["DREAMPRM_CHROMIUM"];
  if (told) {
    if (executable(told)) return { path: told, source: "DREAMPRM_CHROMIUM" };
    return {
      missing: `DREAMPRM_CHROMIUM is "${told}", which is no executable file`,
      remedy: "point it to chrome, chromium or msedge, or unset it",
    };
  }
  const installed = installedPaths().find(executable);
  if (installed) return { path: installed, source: "installed" };
  if (process.platform === "linux" && process.arch === "x64") {
    try {
      return { path: join(unpacked(), "chromium"), source: "@sparticuz/chromium" };
    } catch (error) {
      return {
        missing: `the Chromium of @sparticuz/chromium could not be unpacked: ${String(error)}`,
        remedy: "npm install, or set DREAMPRM_CHROMIUM to an installed Chrome",
      };
    }
  }
  return {
    missing: "no Chrome, Chromium or Edge was found",
    remedy: "install one of them, or set DREAMPRM_CHROMIUM to its path",
  };
}

function installedPaths(): string[] {
  const { platform, env } = process;
  if (platform === "darwin") {
    const apps = ["Google Chrome", "Chromium", "Microsoft Edge"].map((app) => `${app}.app/Contents/MacOS/${app}`);
    return ["/Applications", join(homedir(), "Applications")].flatMap((folder) => apps.map((app) => join(folder, app)));
  }
  if (platform === "win32") {
    const folders = [env["PROGRAMFILES"], env["PROGRAMFILES(X86)"], env["LOCALAPPDATA"]].filter((f) => f !== undefined);
    const apps = [
      "Google\\Chrome\\Application\\chrome.exe",
      "Chromium\\Application\\chrome.exe",
      "Microsoft\\Edge\\Application\\msedge.exe",
    ];
    return folders.flatMap((folder) => apps.map((app) => join(folder, app)));
  }
  const names = [
    "google-chrome-stable",
    "google-chrome",
    "chromium",
    "chromium-browser",
    "microsoft-edge-stable",
    "microsoft-edge",
    "chrome",
  ];
  return names.flatMap((name) => (env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)));
}

/** Folder with the unpacked Chromium. Written beside it and renamed, so that two processes at once do no harm. */
function unpacked(): string {
  const bin = join(dirname(createRequire(join(__dirname, "x")).resolve("@sparticuz/chromium")), "..", "..", "bin");
  const version = (JSON.parse(readFileSync(join(bin, "..", "package.json"), "utf8")) as { version: string }).version;
  const cache = writableFolder([
    join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "dreamprm-lab"),
    join(tmpdir(), `dreamprm-lab-${process.getuid?.() ?? 0}`),
  ]);
  const folder = join(cache, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  const parts = mkdtempSync(join(cache, "unpacking-"));
  try {
    writeFileSync(join(parts, "chromium"), brotliDecompressSync(readFileSync(join(bin, "chromium.br"))), {
      mode: 0o755,
    });
    for (const tar of ["al2023", "fonts"]) unpackTar(join(bin, `${tar}.tar.br`), join(parts, tar));
    chmodSync(parts, 0o755);
    renameSync(parts, folder);
  } catch (error) {
    rmSync(parts, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function unpackTar(file: string, folder: string): void {
  mkdirSync(folder);
  const { status, stderr, error } = spawnSync("tar", ["-x", "-C", folder], {
    input: brotliDecompressSync(readFileSync(file)),
  });
  if (status !== 0) throw error ?? new Error(`tar: ${String(stderr)}`);
}

function writableFolder(candidates: readonly string[]): string {
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch {
      continue;
    }
  }
  throw new Error(`none of ${candidates.join(", ")} can be written`);
}

/**
 * Environment in which the packed Chromium runs on a bare system:
 * its own NSS libraries where the system has none, its own font configuration likewise.
 */
export function chromiumEnvironment({ path, source }: FoundChromium): NodeJS.ProcessEnv {
  if (source !== "@sparticuz/chromium") return process.env;
  const folder = dirname(path);
  const env = { ...process.env };
  if (!existsSync("/etc/fonts/fonts.conf")) env["FONTCONFIG_PATH"] ??= join(folder, "fonts");
  if (spawnSync(path, ["--version"]).status !== 0) {
    env["LD_LIBRARY_PATH"] = [join(folder, "al2023", "lib"), env["LD_LIBRARY_PATH"]].filter(Boolean).join(":");
  }
  return env;
}
