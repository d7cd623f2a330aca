import type { Command } from "commander";
import { vi } from "vitest";

/** What a command prints. */
export async function printed(command: Command, args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: unknown) => void lines.push(String(line)));
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    await command.exitOverride().parseAsync([...args], { from: "user" });
    return lines.join("\n");
  } finally {
    log.mockRestore();
    write.mockRestore();
  }
}
