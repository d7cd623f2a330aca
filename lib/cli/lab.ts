import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { findJupyter, installJupyter, writeKernelspec } from "../notebook/jupyter.js";
import { projectRoot } from "../notebook/kernelProcess.js";

interface Options {
  browser: boolean;
  port?: number;
}

/** `dreamprm lab` */
export function labCommand(): Command {
  return new Command("lab")
    .description("open JupyterLab on the notebooks, with this project's TypeScript kernel")
    .option("--no-browser", "only start the server and print its address")
    .option("--port <number>", "defaults to 8888, or the next free one", port)
    .action(openLab);
}

async function openLab({ browser, port }: Options): Promise<void> {
  const { command, version } = findJupyter() ?? installJupyter();
  process.stderr.write(`JupyterLab ${version} (${command})\n`);
  const args = [
    "lab",
    `--ServerApp.root_dir=${projectRoot}`,
    "--LabApp.default_url=/lab/tree/notebooks",
    ...(browser ? [] : ["--no-browser"]),
    ...(port === undefined ? [] : [`--port=${port}`]),
    ...(process.getuid?.() === 0 ? ["--allow-root"] : []), // in containers everything runs as root
  ];
  const paths = [writeKernelspec(), process.env["JUPYTER_PATH"]].filter(Boolean).join(delimiter);
  const server = spawn(command, args, {
    cwd: projectRoot,
    env: { ...process.env, JUPYTER_PATH: paths },
    stdio: "inherit",
  });
  // Ctrl-C reaches the server too, which asks whether to stop; this process waits for the answer.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => server.kill("SIGTERM"));
  const [code] = (await once(server, "exit")) as [number | null];
  process.exitCode = code ?? 1;
}

function port(argument: string): number {
  const value = Number(argument);
  if (Number.isInteger(value) && value > 0 && value < 65536) return value;
  throw new InvalidArgumentError(`${argument} is not a port (1 to 65535)`);
}
