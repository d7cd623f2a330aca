import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockSync } from "proper-lockfile";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setupTensorflow } from "../../lib/cli/setupTensorflow.js";
import { sourcesSha256 } from "../../lib/cli/tensorflowStages.js";

const python = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).stdout?.trim();
const path = process.env["PATH"];

let home: string;
let folder: string;
const said: string[] = [];
const calls = () =>
  existsSync(join(home, "calls")) ? readFileSync(join(home, "calls"), "utf8").trim().split("\n") : [];
const setup = (options: { gpu?: boolean; force?: boolean; wheel?: string } = {}) =>
  setupTensorflow({ gpu: false, force: false, ...options }, folder, (line) => said.push(line));

/** npm, pip and compiler that note how they were called and make the smallest files that the next stage needs. */
const NPM = (home: string) => `#!/bin/sh
case "$1" in
pack) echo pack >> ${home}/calls
  mkdir -p package/binding && echo "'binding/tfjs_binding.cc'" > package/binding.gyp
  tar czf tensorflow-tfjs-node-gpu-4.22.0.tgz package && tar czf google-protobuf-3.21.4.tgz package && rm -r package ;;
exec) echo compile >> ${home}/calls
  test -e ${home}/broken && echo "fatal error: it is broken" && exit 1
  mkdir -p build/Release && echo text | tee build/Release/tfjs_binding.node build/Release/kernels.node > build/Release/quiet.node ;;
esac
exit 0
`;
const PYTHON = (home: string) => `#!/bin/sh
case "$*" in
"-m pip download"*) echo "$@" >> ${home}/calls
  while test "$1" != --dest; do shift; done
  cd "$2" && exec ${python} ${home}/wheel.py nvidia.whl nvidia/cublas/lib/libcublas.so.12 nvidia/cublas/include/cublas.h ;;
esac
exec ${python} "$@"
`;
const WHEEL = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as z:
    for name in sys.argv[2:]:
        z.writestr(name, 'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5; extra == "and-cuda"\\n' if name.endswith("METADATA") else name)
`;

describe.runIf(python && process.platform === "linux")("setup-tensorflow", () => {
  let wheel: string;

  beforeEach(() => {
    said.length = 0;
    home = mkdtempSync(join(tmpdir(), "setup-"));
    folder = join(home, ".tensorflow");
    mkdirSync(join(home, "bin"));
    for (const [name, text] of [
      ["npm", NPM(home)],
      ["python3", PYTHON(home)],
      ["c++", "#!/bin/sh\n"],
      ["make", "#!/bin/sh\n"],
    ] as const) {
      writeFileSync(join(home, "bin", name), text, { mode: 0o755 });
    }
    process.env["PATH"] = `${join(home, "bin")}:${path}`;
    writeFileSync(join(home, "wheel.py"), WHEEL);
    wheel = join(home, "tensorflow-2.21.0.whl");
    const members = [
      "libtensorflow_cc.so.2",
      "libtensorflow_framework.so.2",
      "include/tsl/a.h",
      "include/tensorflow/c/c_api.h",
      "python/b.so",
    ];
    const names = [...members.map((name) => `tensorflow/${name}`), "tensorflow-2.21.0.dist-info/METADATA"];
    execFileSync(python, [join(home, "wheel.py"), wheel, ...names]);
  });

  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(home, { recursive: true });
  });

  test("goes on at the stage that failed, and starts anew for another wheel or with --force", async () => {
    writeFileSync(join(home, "broken"), "");
    await expect(setup({ wheel })).rejects.toThrow(
      /npm exec ended with 1:\n\s+fatal error: it is broken\n.*setup\.log/s,
    );
    expect(calls()).toEqual(["pack", "compile"]);
    const deps = join(folder, "node_modules/@tensorflow/tfjs-node-gpu/deps");
    expect(readdirSync(join(deps, "lib")).sort()).toEqual([
      "libtensorflow.so",
      "libtensorflow_cc.so.2",
      "libtensorflow_framework.so",
      "libtensorflow_framework.so.2",
    ]);
    expect(readFileSync(join(deps, "lib/libtensorflow.so"), "utf8")).toBe("tensorflow/libtensorflow_cc.so.2");
    expect(existsSync(join(deps, "include/tsl/a.h"))).toBe(true);
    expect(existsSync(join(deps, "python"))).toBe(false);

    rmSync(join(home, "broken"));
    await expect(setup()).rejects.toThrow(/built but does not load/); // the stand-in is no library
    expect(calls()).toEqual(["pack", "compile", "compile"]);
    expect(said.filter((line) => line.endsWith("done before"))).toHaveLength(3);

    await expect(setup({ wheel, force: true })).rejects.toThrow(/does not load/);
    expect(calls().slice(3)).toEqual(["pack", "compile"]);
    const other = join(home, "tensorflow-2.22.0.whl");
    writeFileSync(other, readFileSync(wheel));
    await expect(setup({ wheel: other })).rejects.toThrow(/does not load/);
    expect(calls().slice(5)).toEqual(["pack", "compile"]);
  });

  test("with --gpu fetches the CUDA libraries that the wheel asks for and puts them where libtensorflow looks", async () => {
    await expect(setup({ wheel, gpu: true })).rejects.toThrow(/does not load/);
    expect(calls()[1]).toMatch(/^-m pip download --no-deps .* nvidia-cublas-cu12<13\.0,>=12\.5$/);
    const deps = join(folder, "node_modules/@tensorflow/tfjs-node-gpu/deps");
    expect(existsSync(join(deps, "nvidia/cublas/lib/libcublas.so.12"))).toBe(true);
    expect(existsSync(join(deps, "nvidia/cublas/include"))).toBe(false);
    expect(existsSync(join(folder, "downloads"))).toBe(false);
  });

  test("a truncated wheel is refused, and not taken for unpacked", async () => {
    writeFileSync(wheel, readFileSync(wheel).subarray(0, 200));
    await expect(setup({ wheel })).rejects.toThrow(/BadZipFile/);
    expect(calls()).toEqual(["pack"]);
    const state = JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as { done: string[] };
    expect(state.done).toEqual(["packages", "wheel"]);
  });

  test("a finished build is left alone at once, and compiled again where our sources are others", async () => {
    const built = join(folder, "node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8");
    mkdirSync(built, { recursive: true });
    writeFileSync(join(built, "tfjs_binding.node"), "");
    const done = ["packages", "wheel", "unpack", "compile"];
    const state = { device: "CPU", wheel: "pip", done, sources: sourcesSha256(), version: "2.21.0" };
    const write = (values: object) => writeFileSync(join(folder, "state.json"), JSON.stringify(values));
    write(state);
    await setup();
    expect(said).toEqual([`already built: TensorFlow 2.21.0 (CPU) in ${folder}`]);
    expect(calls()).toEqual([]);
    mkdirSync(join(built, "../../binding"));
    writeFileSync(join(built, "../../binding.gyp"), "'targets' : [{ old }, {\n 'target_name' : 'tfjs_binding'}]");
    write({ ...state, sources: "of an earlier version" });
    await expect(setup()).rejects.toThrow(/does not load/); // the stand-in is no library
    expect(calls()).toEqual(["compile"]);
    expect(readFileSync(join(built, "../../binding.gyp"), "utf8")).toMatch(
      /^'targets' : \[\{\s+'target_name' : 'quiet',[^]*'target_name' : 'kernels',[^]*\}, \{\s+'target_name' : 'tfjs_binding'\}\]$/,
    );
  });

  test("two at once, a missing wheel and missing tools are errors that say what to do", async () => {
    await expect(setup({ wheel: join(home, "none.whl") })).rejects.toThrow(/--wheel .*none\.whl: no such file/);
    mkdirSync(folder);
    const release = lockSync(folder, { lockfilePath: join(folder, ".lock") });
    await expect(setup({ wheel })).rejects.toThrow(/another setup is at work/);
    release();
    process.env["PATH"] = join(home, "empty");
    await expect(setup()).rejects.toThrow(/needs:\n.*apt install python3.*apt install g\+\+.*apt install make/s);
  });
});
