// Loaded by the extension host in the place of a test module. It makes the module's output reach the launcher,
// runs the module by VS Code's contract and writes down how it ended.
import fs from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { Writable } from "node:stream";
import { format } from "node:util";

type TestModule = { run?: (folder: string, callback: (error: unknown, failures?: number) => void) => unknown };

const tests = process.env["TRAINYARD_EDITOR_TESTS"] ?? "";
// Written synchronously, so that nothing is lost when a test ends the process.
const out = fs.openSync(process.env["TRAINYARD_EDITOR_OUTPUT"] ?? "", "a");
let told = false;

/** Nothing is sent after the verdict: the editor fills its log while it shuts down. */
function send(channel: "stdout" | "stderr" | "verdict", text: string): void {
  if (told) return;
  told = channel === "verdict";
  fs.writeSync(out, JSON.stringify([channel, text]) + "\n");
}

/** The extension host gives these properties setters that do nothing: only a new definition takes. */
function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { configurable: true, get: () => value, set: () => undefined });
}

function stream(name: "stdout" | "stderr", fd: number): Writable {
  const write = (chunk: unknown, _encoding: string, written: () => void) => {
    send(name, String(chunk));
    written();
  };
  return Object.assign(new Writable({ decodeStrings: false, write }), { isTTY: false, fd });
}

replace(process, "stdout", stream("stdout", 1));
replace(process, "stderr", stream("stderr", 2));
for (const name of ["log", "info", "debug"])
  replace(console, name, (...args: unknown[]) => send("stdout", `${format(...args)}\n`));
for (const name of ["warn", "error", "trace"])
  replace(console, name, (...args: unknown[]) => send("stderr", `${format(...args)}\n`));

/** Either a promise or Mocha's callback, whichever the module goes by. */
function runTests(run: NonNullable<TestModule["run"]>): Promise<void> {
  return new Promise((resolve, reject) => {
    const result = run(tests, (error, failures = 0) => {
      if (error) reject(error instanceof Error ? error : new Error(format(error)));
      else if (failures > 0) reject(new Error(`${failures} tests failed`));
      else resolve();
    });
    if (result instanceof Promise) result.then(() => resolve(), reject);
  });
}

export async function run(): Promise<void> {
  try {
    // By require(), which VS Code watches to answer `vscode` and which takes modules of both kinds.
    const module = createRequire(import.meta.url)(tests) as TestModule & { default?: TestModule };
    const own = module.run ?? module.default?.run;
    if (!own) throw new Error(`${tests} exports no run().`);
    await runTests(own);
    send("verdict", "pass");
  } catch (error) {
    send("stderr", `${error instanceof Error ? (error.stack ?? error.message) : format(error)}\n`);
    send("verdict", "fail");
    throw error;
  }
}
