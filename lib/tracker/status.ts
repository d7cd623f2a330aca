import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import type { RunData, RunStatus } from "./record.js";

/** Enough to tell later whether this very process still lives. What is optional is known on Linux only. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** start time in clock ticks since boot: a reused pid differs */
  readonly started?: string;
  /** the kernel's boot id: a reboot differs */
  readonly boot?: string;
  /** pid namespace: the same pid in another container differs */
  readonly space?: string;
  /** hash of the installation's id: another machine of the same host name differs */
  readonly machine?: string;
}

export const HEARTBEAT_MS = 10_000;
/** Long, because a training step may keep the heartbeat's timer from running. */
export const STALE_MS = 300_000;

export function thisProcess(): ProcessIdentity {
  const started = processTable(process.pid)?.started;
  const boot = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const space = attempt(() => readlinkSync("/proc/self/ns/pid"));
  const machine = attempt(() => readFileSync("/etc/machine-id", "utf8").trim());
  return {
    pid: process.pid,
    host: hostname(),
    ...(started !== undefined && { started }),
    ...(boot !== undefined && { boot }),
    ...(space !== undefined && { space }),
    // the id itself is confidential by its manual page
    ...(machine && { machine: createHash("sha256").update(`dreamprm ${machine}`).digest("hex").slice(0, 16) }),
  };
}

/**
 * The truth about a run whose record says "running": its process is looked up on this machine,
 * elsewhere its heartbeat must not be older than {@link STALE_MS}.
 *
 * @param lastSeenMs  when its event log was last touched, ms since epoch
 * @param here        the reader's own identity
 */
export function statusNow(
  run: Pick<RunData, "status" | "process" | "startedAt" | "resumed">,
  lastSeenMs: number,
  here: ProcessIdentity,
): RunStatus {
  if (run.status !== "running") return run.status;
  const { process: owner } = run;
  const elsewhere = owner.machine !== undefined && here.machine !== undefined && owner.machine !== here.machine;
  const visible = owner.host === here.host && !elsewhere && (owner.space === here.space || owner.boot !== here.boot);
  if (!visible) return Date.now() - lastSeenMs > STALE_MS ? "crashed" : "running";
  const rebooted = owner.boot === undefined ? since(run) < Date.now() - uptime() * 1000 : owner.boot !== here.boot;
  return !rebooted && isAlive(owner) ? "running" : "crashed";
}

/** When the process named in the record began to write it, ms since epoch. */
export const since = (run: Pick<RunData, "startedAt" | "resumed">): number =>
  Date.parse(run.resumed?.at(-1)?.at ?? run.startedAt);

function isAlive(owner: ProcessIdentity): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = processTable(owner.pid);
  if (now === undefined) return true; // no /proc here: the pid is all there is
  return now.state !== "Z" && (owner.started === undefined || owner.started === now.started);
}

/** Fields 3 and 22 of /proc/PID/stat; the command before them may hold spaces and brackets. */
function processTable(pid: number): { state: string; started: string } | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, started] = [fields?.[0], fields?.[19]];
  return state === undefined || started === undefined ? undefined : { state, started };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
