#!/usr/bin/env node
import { Command } from "commander";
import { replayCommand } from "./replay.js";

const program = new Command("dreamprm").addCommand(replayCommand());
program.parseAsync().catch((error: unknown) => {
  console.error(`dreamprm: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
