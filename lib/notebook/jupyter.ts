import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kernelCommand, projectRoot } from "./kernelProcess.js";

/** A Jupyter that can open JupyterLab. */
export interface Jupyter {
  /** the `jupyter` program */
  command: string;
  /** of JupyterLab */
  version: string;
}

const venv = join(projectRoot, ".venv");
const isWindows = process.platform === "win32";
const inVenv = (program: string) => join(venv, isWindows ? "Scripts" : "bin", program);

/** JupyterLab needs at least this Python. */
const oldestPython = [3, 9] as const;

export const pythonRemedy =
  "install Python 3.9 or newer (Debian, Ubuntu: `sudo apt install python3 python3-venv`; macOS: `brew install python`; " +
  "others: https://www.python.org/downloads) or uv (https://docs.astral.sh/uv), then run `npm run lab` again";

/** The project's own Jupyter in `.venv`, else the one on PATH; undefined where neither has JupyterLab. */
export function findJupyter(): Jupyter | undefined {
  for (const command of [inVenv("jupyter"), "jupyter"]) {
    const version = output(command, "lab", "--version");
    if (version !== undefined && /^\d+\.\d+/.test(version)) return { command, version };
  }
  return undefined;
}

/**
 * Installs JupyterLab into the project's `.venv`, with uv where it is installed, else with pip.
 *
 * @throws Error with what to install when there is no Python, or with the command that failed
 */
export function installJupyter(): Jupyter {
  if (output("uv", "--version") !== undefined) {
    run("uv", "venv", "--allow-existing", venv);
    run("uv", "pip", "install", "--python", inVenv("python"), "jupyterlab");
  } else {
    const python = findPython();
    if (python === undefined) throw new Error(`no Python was found: ${pythonRemedy}`);
    if (output(inVenv("python"), "-m", "pip", "--version") === undefined) run(python, "-m", "venv", venv);
    run(inVenv("python"), "-m", "pip", "install", "--quiet", "jupyterlab");
  }
  const installed = findJupyter();
  if (!installed)
    throw new Error(`JupyterLab was installed into ${venv} but does not start; remove that folder and try again`);
  return installed;
}

/**
 * Writes the kernelspec "tslab" into the project, for this project's tslab and this Node, and nothing into the home.
 *
 * @returns the folder for JUPYTER_PATH
 */
export function writeKernelspec(): string {
  const folder = join(projectRoot, "dist", "jupyter");
  const spec = {
    argv: [...kernelCommand(), "{connection_file}"],
    display_name: "TypeScript",
    language: "typescript",
  };
  const kernel = join(folder, "kernels", "tslab");
  mkdirSync(kernel, { recursive: true });
  writeFileSync(join(kernel, "kernel.json"), `${JSON.stringify(spec, undefined, 2)}\n`);
  return folder;
}

function findPython(): string | undefined {
  return ["python3", "python"].find((command) => {
    const [major = 0, minor = 0] = (output(command, "--version") ?? "").replace("Python ", "").split(".").map(Number);
    return major > oldestPython[0] || (major === oldestPython[0] && minor >= oldestPython[1]);
  });
}

/** What the program prints; undefined where it is missing or fails (a shim of a version manager may do so). */
function output(command: string, ...args: string[]): string | undefined {
  if (command.includes(venv) && !existsSync(isWindows ? `${command}.exe` : command)) return undefined;
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", timeout: 60_000 });
  return status === 0 ? stdout.trim() : undefined;
}

function run(command: string, ...args: string[]): void {
  const line = [command, ...args].join(" ");
  process.stderr.write(`${line}\n`);
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  const advice =
    args.includes("venv") && !args.includes("pip") ? `; ${pythonRemedy}` : "; check the network and try again";
  throw new Error(`\`${line}\` failed${error ? ` (${error.message})` : ""}${advice}`);
}
