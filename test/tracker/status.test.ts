import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import type { StoredStatus } from "../../lib/tracker/record.js";
import { type ProcessIdentity, STALE_MS, statusNow, thisProcess } from "../../lib/tracker/status.js";

const here = thisProcess();
const status = (owner: Partial<ProcessIdentity>, lastSeenMs = Date.now(), status: StoredStatus = "running") =>
  statusNow({ status, process: { ...here, ...owner }, startedAt: new Date().toISOString() }, lastSeenMs, here);

test("a run of this very process is running, however old its heartbeat", () => {
  expect(status({}, 0)).toBe("running");
});

test("a run that has ended keeps its status, though its process is gone", () => {
  for (const ended of ["finished", "failed", "interrupted"] as const)
    expect(status({ pid: 2 ** 22 + 1 }, 0, ended)).toBe(ended);
});

test("a dead process means crashed", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  expect(status({ pid: child.pid ?? -1 })).toBe("crashed");
});

test.skipIf(here.boot === undefined)("a reused pid and a reboot mean crashed", () => {
  expect(status({ started: "1" })).toBe("crashed");
  expect(status({ boot: "another" })).toBe("crashed");
  expect(status({ boot: "another", space: "another" })).toBe("crashed");
});

test("where there is no boot id, a run resumed since the start of this machine is running", () => {
  const { boot: _boot, ...owner } = here;
  const run = { status: "running", process: owner, startedAt: "2001-01-01T00:00:00Z" } as const;
  const reader = { ...owner };
  expect(statusNow(run, Date.now(), reader)).toBe("crashed");
  const resumed = [{ at: new Date().toISOString(), step: 1, gapMs: 0 }];
  expect(statusNow({ ...run, resumed }, Date.now(), reader)).toBe("running");
});

test.each([
  ["host", { host: "another", pid: 1 }],
  ["container", { space: "pid:[1]", pid: 1 }],
])("on another %s the heartbeat decides", (_what, owner) => {
  expect(status(owner, Date.now() - STALE_MS + 5_000)).toBe("running");
  expect(status(owner, Date.now() - STALE_MS - 5_000)).toBe("crashed");
});
