import { Command } from "commander";
import { cursorTo, clearScreenDown, moveCursor } from "node:readline";
import { setTimeout } from "node:timers/promises";
import type { RunEvent } from "../../tracker/events.js";
import { stringify } from "../../tracker/plain.js";
import type { RunRecord } from "../../tracker/runRecord.js";
import type { Store } from "../../tracker/store.js";
import { RunTail } from "../../views/runTail.js";
import { positive, wholeNotNegative } from "../arguments.js";
import { openReadOnly, storeOption, type StoreFlags } from "./options.js";
import { fitted } from "./print.js";
import { tailFrame } from "./tailFrame.js";
import { TailLines } from "./tailLines.js";

interface TailFlags extends StoreFlags {
  readonly every: number;
  readonly lines: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** `dreamprm runs tail ID` */
export function tailCommand(): Command {
  return new Command("tail")
    .description("follow a run while it logs: metrics, weights and resources; ends when the run ends")
    .argument("<id>", "run id or the beginning of it")
    .option("--every <seconds>", "between two looks", positive, 1)
    .option("--once", "print what there is now, and end")
    .option("--lines <n>", "of what was logged before, where lines are printed", wholeNotNegative, 10)
    .option("--json", "print each event as one line of JSON")
    .addOption(storeOption())
    .addHelpText(
      "after",
      `
On a terminal the view is drawn anew in place; Ctrl-C leaves it, and the run
goes on. Elsewhere every look prints the newest value of each metric.

Examples:
  dreamprm runs tail 20261121-0930
  dreamprm runs tail 20261121-0930 --once
  dreamprm runs tail 20261121-0930 --json | jq 'select(.type == "note")'`,
    )
    .action(async (id: string, { store: folder, ...flags }: TailFlags) => {
      const store = await openReadOnly(folder);
      await follow(store, id, flags);
    });
}

interface View {
  /** after a look */
  draw(record: RunRecord, tail: RunTail, events: readonly RunEvent[]): void;
  close(): void;
}

async function follow(store: Store, beginning: string, { every, once, lines, json }: TailFlags): Promise<void> {
  const first = await store.read(beginning);
  const tail = new RunTail(first);
  const view = json ? jsonView() : once ? frameOnce() : process.stdout.isTTY ? terminalView() : lineView(lines);
  const stop = new AbortController();
  const interrupted = (signal: "SIGINT" | "SIGTERM"): void => {
    process.exitCode = signal === "SIGINT" ? 130 : 143;
    stop.abort();
  };
  for (const signal of ENDING) process.once(signal, interrupted);
  try {
    for (;;) {
      // the record first: a run that has ended by then has logged all that the look will find
      const record = await store.read(first.id);
      view.draw(record, tail, await tail.look());
      if (once || record.status !== "running" || stop.signal.aborted) return;
      await setTimeout(every * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
    }
  } finally {
    for (const signal of ENDING) process.off(signal, interrupted);
    view.close();
  }
}

const ENDING = ["SIGINT", "SIGTERM"] as const;

const nothing = (): void => undefined;

const jsonView = (): View => ({
  draw: (_record, _tail, events) => events.forEach((event) => console.log(stringify(event))),
  close: nothing,
});

const frameOnce = (): View => ({
  draw: (record, tail) => console.log(fitted(tailFrame(record, tail, columns()), columns())),
  close: nothing,
});

function lineView(lines: number): View {
  const printer = new TailLines(lines);
  return {
    draw: (record, tail, events) => printer.lines(record, tail, events).forEach((line) => console.log(line)),
    close: nothing,
  };
}

/** The same lines again and again; what is more than the screen is high is left out. */
function terminalView(): View {
  const { stdout } = process;
  let height = 0;
  let last = "";
  const hideCursor = (hide: boolean) => stdout.write(hide ? "\u001b[?25l" : "\u001b[?25h");
  const write = (text: string) => {
    moveCursor(stdout, 0, -height);
    cursorTo(stdout, 0);
    clearScreenDown(stdout);
    stdout.write(`${text}\n`);
    height = text.split("\n").length;
  };
  hideCursor(true);
  return {
    draw(record, tail) {
      last = fitted(tailFrame(record, tail, columns()), columns());
      const shown = last.split("\n");
      const room = (stdout.rows || 24) - 1;
      const cut = [...shown.slice(0, room - 1), `… ${shown.length - room + 1} more lines`];
      write((shown.length > room ? cut : shown).join("\n"));
    },
    close() {
      if (last !== "") write(last);
      hideCursor(false);
    },
  };
}

const columns = (): number => process.stdout.columns || 80;
