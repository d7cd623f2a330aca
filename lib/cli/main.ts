#!/usr/bin/env node
import { Command } from "commander";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dataCommand } from "./data.js";
import { demoCommand } from "./demo.js";
import { doctorCommand } from "./doctor.js";
import { labCommand } from "./lab.js";
import { notebookCommand } from "./notebook.js";
import { replayCommand } from "./replay.js";
import { runsCommand } from "./runs.js";
import { setupTensorflowCommand } from "./setupTensorflow.js";
import { resumeCommand, trainCommand } from "./train.js";

const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as { version: string };

const program = new Command("dreamprm")
  .description("train process reward models on data of uneven quality, with learned data weights")
  .version(version)
  .showHelpAfterError("(--help lists the options)");
for (const command of [
  demoCommand(),
  trainCommand(),
  resumeCommand(),
  dataCommand(),
  runsCommand(),
  notebookCommand(),
  labCommand(),
  doctorCommand(),
  replayCommand(),
  setupTensorflowCommand(),
]) {
  program.addCommand(command);
}
program.parseAsync().catch((error: unknown) => {
  console.error(`dreamprm: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
