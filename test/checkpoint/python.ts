import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

const python = process.env["DREAMPRM_PYTHON"] ?? "python3";

/** What runs a Python program with arguments, and says its JSON; or, with the reason printed, undefined. */
export function pythonWith(...modules: string[]) {
  const names = modules.join(", ");
  try {
    execFileSync(python, ["-c", `import ${names}`], { stdio: "pipe" });
  } catch {
    console.log(`tests against Python skipped: ${python} cannot import ${names}; set DREAMPRM_PYTHON to one that can`);
    return undefined;
  }
  return async (program: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(python, ["-c", program, ...args], {
      env: { ...process.env, ...env },
      maxBuffer: 2 ** 28,
    });
    return JSON.parse(stdout);
  };
}
