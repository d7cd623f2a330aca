import { Command } from "commander";
import { accessSync, constants, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, freemem, totalmem } from "node:os";
import { dirname } from "node:path";
import { useBackend } from "../core/backend.js";
import { errorText } from "../core/errorText.js";
import { findChromium } from "../figures/chromium.js";
import { findJupyter } from "../notebook/jupyter.js";
import { kernelCommand, projectRoot } from "../notebook/kernelProcess.js";
import { defaultStore, openStore } from "../tracker/store.js";
import { alignedColumns } from "./table.js";

/** What was looked at, what was found, and the command that mends it when it is not as it should be. */
export interface Finding {
  name: string;
  ok: boolean;
  found: string;
  remedy?: string;
}

const OLDEST_NODE = [20, 19] as const;
const NEEDED_MEMORY = 2 * 2 ** 30;

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("print what works on this machine, and the command that mends what does not")
    .option("--json", "print one JSON value")
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await diagnose();
      if (json) console.log(JSON.stringify({ findings }));
      else console.log(report(findings));
      if (!findings.some(({ name, ok }) => name === "backend" && ok)) process.exitCode = 1;
    });
}

export async function diagnose(): Promise<Finding[]> {
  return [node(), ...(await backend()), memory(), chromium(), jupyter(), kernel(), await store()];
}

function report(findings: readonly Finding[]): string {
  const rows = findings.map(({ name, ok, found }) => [ok ? "ok" : "--", name, found]);
  const remedies = findings.filter((finding) => finding.remedy).map(({ name, remedy }) => [name, remedy ?? ""]);
  return [alignedColumns(rows), ...(remedies.length > 0 ? ["\nto mend", alignedColumns(remedies)] : [])].join("\n");
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const remedy = `install Node.js ${OLDEST_NODE.join(".")} or newer: https://nodejs.org`;
  return { name: "Node.js", ok, found: process.version, ...(!ok && { remedy }) };
}

async function backend(): Promise<Finding[]> {
  try {
    const { name, version, device, threads, simd, note, tried } = await useBackend();
    const used = `${threads} of ${availableParallelism()} used${simd ? ", with SIMD" : ""}`;
    return [
      { name: "backend", ok: true, found: `${name} ${version} on the ${device}` },
      { name: "threads", ok: true, found: note ? `${used}; ${note}` : used },
      ...tried.map(({ name, reason, remedy }) => ({ name: `backend ${name}`, ok: false, found: reason, remedy })),
    ];
  } catch (error) {
    const found = error instanceof Error ? error.message.replaceAll("\n", " ") : String(error);
    return [{ name: "backend", ok: false, found, remedy: "unset DREAMPRM_BACKEND, or npm install" }];
  }
}

function memory(): Finding {
  const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const ok = totalmem() >= NEEDED_MEMORY;
  const found = `${gigabytes(totalmem())}, ${gigabytes(freemem())} free`;
  return { name: "memory", ok, found, ...(!ok && { remedy: `training takes up to ${gigabytes(NEEDED_MEMORY)}` }) };
}

function chromium(): Finding {
  const found = findChromium();
  if ("missing" in found) return { name: "Chromium", ok: false, found: found.missing, remedy: found.remedy };
  return { name: "Chromium", ok: true, found: `${found.path} (${found.source})` };
}

function jupyter(): Finding {
  const found = findJupyter();
  if (found) return { name: "JupyterLab", ok: true, found: `${found.version} (${found.command})` };
  return { name: "JupyterLab", ok: false, found: "not installed", remedy: "npm run lab   (installs it into .venv)" };
}

function kernel(): Finding {
  try {
    const missing = kernelCommand().find((argument) => argument.startsWith(projectRoot) && !existsSync(argument));
    if (missing) return { name: "kernel", ok: false, found: `${missing} is missing`, remedy: "npm run build" };
    const { version } = createRequire(__filename)("tslab/package.json") as { version: string };
    return { name: "kernel", ok: true, found: `tslab ${version}` };
  } catch (error) {
    return { name: "kernel", ok: false, found: errorText(error), remedy: "npm install" };
  }
}

async function store(): Promise<Finding> {
  const folder = defaultStore();
  const writable = nearest(folder);
  try {
    accessSync(writable, constants.W_OK);
    if (writable !== folder) return { name: "store", ok: true, found: `${folder}, made by the first run` };
    const runs = await (await openStore(folder, { readOnly: true })).list();
    return { name: "store", ok: true, found: `${folder}, ${runs.length} runs` };
  } catch (error) {
    const remedy = "set DREAMPRM_STORE to a folder that you can write";
    return { name: "store", ok: false, found: errorText(error), remedy };
  }
}

/** The folder itself or the closest one above it that exists. */
function nearest(folder: string): string {
  return existsSync(folder) ? folder : nearest(dirname(folder));
}
