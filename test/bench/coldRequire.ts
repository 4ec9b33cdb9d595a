// How long the first `require` of a bundle takes in a process that has done nothing else.
import process from "node:process";
import { run } from "../../scripts/steps.mjs";

const PROGRAM = `
const begun = performance.now();
require(process.argv[1]);
console.log(performance.now() - begun);
process.exit();`;

/** @returns milliseconds */
export async function coldRequire(file: string): Promise<number> {
  const said = await run(process.execPath, ["--eval", PROGRAM, file]);
  const ms = Number(said.trim());
  if (!Number.isFinite(ms)) throw new Error(`${file}: a number was expected, not ${JSON.stringify(said)}`);
  return ms;
}
