/**
 * Preloaded into the kernel process (`node --require guard.js tslab kernel …`), for two things tslab cannot do itself:
 * it ends the kernel and all it started when the process that owns it is gone, even while a cell blocks the event loop
 * (so the watch lives in a worker thread), and it tells the owner of errors nobody awaited, which tslab only prints.
 */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { inspect } from "node:util";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { killTree } from "./processes.js";

/** What the kernel process says to its owner over Node's IPC channel; a pong answers any message from the owner. */
export type GuardReport = { uncaught: string } | { pong: true };

const pollMs = 500;

if (isMainThread) {
  const owner = process.ppid;
  const connectionFile = process.argv.at(-1) ?? "";
  new Worker(__filename, { workerData: { owner, connectionFile }, execArgv: [] }).unref();
  const tell = (report: GuardReport) => process.send?.(report);
  process.on("unhandledRejection", (reason) => tell({ uncaught: inspect(reason) }));
  process.on("uncaughtException", (error) => tell({ uncaught: inspect(error) }));
  process.on("message", () => tell({ pong: true }));
  process.channel?.unref();
} else {
  const { owner, connectionFile } = workerData as { owner: number; connectionFile: string };
  setInterval(() => {
    if (process.ppid === owner) return;
    if (connectionFile.includes("dreamprm-kernel-")) rmSync(dirname(connectionFile), { recursive: true, force: true });
    killTree(process.pid);
  }, pollMs);
}
