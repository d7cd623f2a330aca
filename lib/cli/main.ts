#!/usr/bin/env node
import { Command } from "commander";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildMetaCommand } from "./buildMeta.js";
import { coldstartCommand } from "./coldstart.js";
import { dataCommand } from "./data.js";
import { demoCommand } from "./demo.js";
import { doctorCommand } from "./doctor.js";
import { encodeCommand } from "./encode.js";
import { evaluateCommand } from "./evaluate.js";
import { labCommand } from "./lab.js";
import { labelCommand } from "./label.js";
import { notebookCommand } from "./notebook.js";
import { replayCommand } from "./replay.js";
import { runsCommand } from "./runs.js";
import { sampleCommand } from "./sample.js";
import { scoreCommand } from "./score.js";
import { searchCommand } from "./search.js";
import { selectCommand } from "./select.js";
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
  coldstartCommand(),
  encodeCommand(),
  dataCommand(),
  sampleCommand(),
  labelCommand(),
  buildMetaCommand(),
  searchCommand(),
  scoreCommand(),
  evaluateCommand(),
  selectCommand(),
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
