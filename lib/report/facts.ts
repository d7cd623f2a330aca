import { bytesText } from "../core/bytesText.js";
import type { Environment } from "../tracker/environment.js";
import { stringify } from "../tracker/plain.js";
import type { Usage } from "../tracker/resources.js";
import type { RunDetails } from "../tracker/runRecord.js";
import type { FactList } from "./types.js";

type Fact = readonly [name: string, text: string];

/** What the page tells of a run in lists of names and texts; lists without content are left out. */
export function reportFacts(run: RunDetails): FactList[] {
  const lists: [string, Fact[]][] = [
    ["Run", runFacts(run)],
    ["Environment", environmentFacts(run.environment)],
    ["Data files", run.dataFiles.map((file) => [file.path, `${file.rows} rows · sha256 ${file.sha256}`])],
    ["Artifacts", run.artifacts.map((file) => [file.name, `${bytesText(file.bytes)} · sha256 ${file.sha256}`])],
  ];
  return lists.filter(([, facts]) => facts.length > 0).map(([title, facts]) => ({ title, facts }));
}

function runFacts(run: RunDetails): Fact[] {
  const resumed = (run.resumed ?? []).map(({ at, step, gapMs }): Fact => [
    "resumed",
    `${at} from step ${step}, after a gap of ${Math.round(gapMs / 1000)} s`,
  ]);
  return [
    ["id", run.id],
    ["folder", run.folder],
    ...(run.tags.length > 0 ? [["tags", run.tags.join(", ")] as const] : []),
    ["started", run.startedAt],
    ...(run.endedAt !== undefined ? [["ended", run.endedAt] as const] : []),
    ...(run.parent !== undefined ? [["part of", run.parent] as const] : []),
    ...(run.archived ? [["archived", "put aside"] as const] : []),
    ...(run.usage ? usageFacts(run.usage) : []),
    ...resumed,
  ];
}

function usageFacts({ cpuMs, peakRssBytes }: Usage): Fact[] {
  return [
    ["CPU time", `${Number((cpuMs / 1000).toPrecision(3))} s`],
    ["peak memory", bytesText(peakRssBytes)],
  ];
}

/** What is known by name first, in words; whatever else was recorded after it, as JSON. */
function environmentFacts(environment: Environment): Fact[] {
  const {
    git,
    node,
    os,
    cpu,
    memoryBytes,
    version,
    packages,
    lockFile,
    backend,
    argv,
    cwd,
    notebook,
    gpus,
    ...others
  } = environment;
  const facts: (readonly [string, unknown])[] = [
    ["commit", git?.commit ?? "none: not in a git repository"],
    ["branch", git?.branch],
    ["working tree", git && (git.dirty ? "dirty: files were changed or not added" : "clean")],
    ["command", argv.map(quoted).join(" ")],
    ["folder", cwd],
    ["notebook", notebook],
    ["backend", backend],
    ["dreamprm-lab", version],
    ["Node", node],
    ["system", os],
    ["processor", `${cpu.model}, ${cpu.cores} cores`],
    ["memory", bytesText(memoryBytes)],
    ["GPUs", (gpus ?? []).length > 0 ? stringify(gpus, 1) : undefined],
    ["lock file", lockFile && `${lockFile.path} · sha256 ${lockFile.sha256}`],
    [
      "packages",
      Object.entries(packages)
        .map((pair) => pair.join(" "))
        .join("\n"),
    ],
    ...Object.entries({ ...gitRest(git), ...others }),
  ];
  return facts.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => [name, textOf(value)]);
}

function gitRest(git: Environment["git"]): object {
  if (!git) return {};
  const { commit: _commit, branch: _branch, dirty: _dirty, ...rest } = git;
  return rest;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : stringify(value, 1));
const quoted = (argument: string): string => (/^[^\s"'\\$]+$/.test(argument) ? argument : JSON.stringify(argument));
