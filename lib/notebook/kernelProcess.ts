import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./channels.js";
import type { GuardReport } from "./guard.js";
import { descendants, killAll, killTree } from "./processes.js";

/** The kernel process ended while it was starting or a cell was running. */
export class KernelDiedError extends Error {
  override readonly name = "KernelDiedError";
}

/** The project's root, from the sources as well as from `dist/`. */
export const projectRoot = dirname(dirname(__dirname));

/** Command line of this project's tslab kernel; the connection file's path follows it. */
export function kernelCommand(): [string, ...string[]] {
  const guard = join(projectRoot, "dist", "notebook", "guard.js");
  const tslab = join(dirname(require.resolve("tslab")), "..", "bin", "tslab");
  return [process.execPath, "--require", guard, tslab, "kernel", "--config-path"];
}

/** A running tslab kernel process with its private folder of sockets. */
export class KernelProcess {
  readonly connection: Connection;
  /** rejects with KernelDiedError when the process ends, for whatever reason */
  readonly died: Promise<never>;
  /** errors that no code of the notebook caught or awaited, since they were last taken */
  #uncaught: string[] = [];
  #onPong: () => void = () => undefined;
  /** last words on the process's own stdout and stderr, where native libraries print */
  #log = "";
  readonly #folder = mkdtempSync(join(tmpdir(), "dreamprm-kernel-"));
  readonly #child: ChildProcess;
  readonly #kill = () => {
    this.forgetFolder();
    if (this.#child.pid !== undefined) killTree(this.#child.pid);
  };

  /** Unix sockets in a private folder: no port can collide with that of another kernel. */
  constructor(cwd: string, env: Readonly<Record<string, string>>) {
    const ip = join(this.#folder, "k");
    const ports = { shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 };
    const key = randomUUID();
    const file = join(this.#folder, "connection.json");
    const config = { transport: "ipc", ip, ...ports, key, signature_scheme: "hmac-sha256" };
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    const address = (port: number) => `ipc://${ip}:${port}`;
    this.connection = {
      shell: address(ports.shell_port),
      iopub: address(ports.iopub_port),
      key,
    };

    const [command, ...args] = kernelCommand();
    this.#child = spawn(command, [...args, file], {
      cwd,
      env: { ...process.env, ...env },
      detached: true, // its own process group: ended as a whole, and Ctrl-C at the terminal reaches only the runner
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    process.once("exit", this.#kill);
    this.died = new Promise((_, reject) => {
      const fail = (how: string) => reject(new KernelDiedError(`kernel died (${how})${this.#lastWords()}`));
      this.#child.once("error", (error) => fail(error.message));
      this.#child.once("close", (code, signal) => fail(signal ?? `exit code ${code}`));
    });
    this.died.catch(() => undefined);
    for (const pipe of [this.#child.stdout, this.#child.stderr])
      pipe?.on("data", (text: Buffer) => (this.#log = (this.#log + text.toString()).slice(-4000)));
    this.#child.on("message", (report: GuardReport) => {
      if ("uncaught" in report) this.#uncaught.push(report.uncaught);
      else this.#onPong();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Removes the connection file and the sockets' names; open connections go on. */
  forgetFolder(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Waits until the kernel's event loop has turned, then hands over the errors nobody caught. */
  async takeUncaught(): Promise<string[]> {
    const pong = new Promise<void>((resolve) => (this.#onPong = resolve));
    this.#child.send("ping");
    await Promise.race([pong, this.died]);
    const taken = this.#uncaught;
    this.#uncaught = [];
    return taken;
  }

  /** Waits for the process to end by itself, then asks by SIGTERM (stores and browsers tidy up), then ends it. */
  async end(graceMs: number): Promise<void> {
    const gone = this.died.catch(() => true);
    const running = () => this.#child.pid !== undefined && this.#child.exitCode === null && !this.#child.signalCode;
    const started = descendants(this.pid); // they are nobody's children once the kernel is gone
    if (running()) await Promise.race([gone, sleep(graceMs)]);
    if (running()) this.#child.kill("SIGTERM");
    if (running()) await Promise.race([gone, sleep(graceMs)]);
    this.#kill();
    killAll(started);
    process.off("exit", this.#kill);
    await gone;
  }

  #lastWords(): string {
    const lines = this.#log.trim();
    return lines === "" ? "" : `; its last words:\n${lines}`;
  }
}
