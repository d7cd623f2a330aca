import { setTimeout as sleep } from "node:timers/promises";
import { Channels } from "./channels.js";
import { KernelProcess } from "./kernelProcess.js";
import type { Message } from "./wire.js";

/** One message of a cell as the kernel sends it: `stream`, `display_data`, `update_display_data`, `clear_output`, … */
export interface KernelOutput {
  type: string;
  content: Record<string, unknown>;
}

export interface ExecuteReply {
  /** tslab's own verdict: "error" after an exception and after a type error, whatever was printed on stderr */
  status: "ok" | "error";
  executionCount: number | undefined;
  outputs: KernelOutput[];
  /** errors that no code awaited or caught while the cell ran, as Node prints them; tslab's status ignores these */
  uncaught: string[];
}

export interface KernelOptions {
  /** folder in which cells run and from which imports resolve */
  cwd: string;
  /** added to this process's environment */
  env?: Readonly<Record<string, string>>;
  /** defaults to 120 s: the first start on a busy machine compiles slowly */
  startTimeoutMs?: number;
}

export interface ExecuteOptions {
  /** defaults to no limit */
  timeoutMs?: number;
  /** also called for what a cell's timers print after its end */
  onOutput?: (output: KernelOutput) => void;
}

/** A cell ran longer than allowed; the kernel was ended. */
export class KernelTimeoutError extends Error {
  override readonly name = "KernelTimeoutError";
}

/** A running tslab kernel. */
export interface Kernel {
  readonly pid: number;
  /** the notebook metadatum `language_info` */
  readonly languageInfo: Readonly<Record<string, unknown>>;
  /** @throws KernelDiedError | KernelTimeoutError; the kernel is gone after both */
  execute(source: string, options?: ExecuteOptions): Promise<ExecuteReply>;
  /** Asks the kernel to end, then ends it and everything it started. May be called again. */
  close(): Promise<void>;
}

const expired = Symbol("expired");
const graceMs = 1500;
/** after a failed cell tslab refuses all requests for 200 ms, to drop the cells queued behind it */
const refusalMs = 250;

/**
 * Starts this project's tslab kernel in `cwd` and waits until it answers.
 *
 * It is ended by `close()`, by a timeout, when this process exits and, within a second, when this process is killed.
 *
 * @throws KernelDiedError with the kernel's last words when it does not start
 */
export async function startKernel({ cwd, env = {}, startTimeoutMs = 120_000 }: KernelOptions): Promise<Kernel> {
  const child = new KernelProcess(cwd, env);
  const channels = new Channels(child.connection);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= end());
  const end = async () => {
    await Promise.race([channels.shutdown(), sleep(graceMs)]);
    await child.end(graceMs);
    channels.close();
  };

  /** The request's answer, or an error: the kernel died, or took too long and was ended. */
  const within = async <T>(answer: Promise<T>, limitMs: number | undefined, what: string): Promise<T> => {
    const stop = new AbortController();
    const limit = limitMs === undefined ? [] : [sleep(limitMs, expired, { signal: stop.signal })];
    try {
      const first = await Promise.race([answer, child.died, ...limit]);
      if (first !== expired) return first;
      throw new KernelTimeoutError(`${what} did not end within ${(limitMs ?? 0) / 1000} s; the kernel was ended`);
    } catch (error) {
      await close();
      throw error;
    } finally {
      stop.abort();
    }
  };

  /** Asks until an answer is complete: what is published before the subscription reaches the kernel is lost. */
  const greet = async (): Promise<Message> =>
    (await Promise.race([channels.ask("kernel_info_request", {}), sleep(500)])) ?? greet();

  const info = await within(greet(), startTimeoutMs, "the kernel's start");
  child.forgetFolder();

  let refusedUntil = 0;
  return {
    pid: child.pid,
    languageInfo: info.content["language_info"] as Record<string, unknown>,
    close,
    async execute(source, { timeoutMs, onOutput } = {}) {
      if (closing) await child.died;
      await sleep(Math.max(0, refusedUntil - Date.now()));
      const outputs: KernelOutput[] = [];
      const request = { code: source, silent: false, store_history: true, allow_stdin: false, stop_on_error: true };
      const run = channels.ask("execute_request", request, ({ header, content }) => {
        const output = { type: header.msg_type, content };
        outputs.push(output);
        onOutput?.(output);
      });
      const reply = await within(run, timeoutMs, "the cell");
      const uncaught = await within(child.takeUncaught(), timeoutMs, "the cell");
      const status = reply.content["status"] === "ok" ? "ok" : "error";
      if (status === "error") refusedUntil = Date.now() + refusalMs;
      return {
        status,
        executionCount: reply.content["execution_count"] as number | undefined,
        outputs: [...outputs],
        uncaught,
      };
    },
  };
}
