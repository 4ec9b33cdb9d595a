// `npm test`, `npm run test:unit`, `npm run test:full`: the rings in order, each started when its own parts are there.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { spawn } from "node:child_process";
import { elapsed, say, step } from "../../scripts/steps.mjs";
import { CHECKS, runCheck } from "../../scripts/lint.ts";
import { ROOT } from "../../scripts/build.ts";
import { RINGS, type Ring } from "./rings.ts";
import { freePort, tellStuck } from "./stuck.ts";
import { addTallies, oneFailure, readTally, type Tally, TALLY_VARIABLE, tallyLine } from "./tally.ts";

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const full = args.includes("--full");
  const named = args.filter((arg) => !arg.startsWith("--"));
  const unknown = named.find((name) => name !== "checks" && !RINGS.some((ring) => ring.name === name));
  if (unknown !== undefined) {
    console.error(`There is no ring ${unknown}. Rings: checks, ${RINGS.map((ring) => ring.name).join(", ")}.`);
    return 2;
  }
  const wants = (name: string, fullOnly = false): boolean =>
    named.length === 0 ? full || !fullOnly : named.includes(name);
  const tallies: { name: string; tally: Tally; time: string }[] = [];
  const timed = async (name: string, work: () => Promise<Tally>): Promise<void> => {
    const begun = Date.now();
    const tally = await work();
    tallies.push({ name, tally, time: `${((Date.now() - begun) / 1000).toFixed(0)} s` });
  };
  const background = RINGS.filter((ring) => wants(ring.name, ring.fullOnly)).map((ring) => ({
    ring,
    ready: ring.prepare?.(full),
  }));
  for (const { ready } of background) ready?.catch(() => undefined); // Reported when the ring's turn comes.
  if (wants("checks")) await timed("checks", checks);
  for (const { ring, ready } of background) await timed(ring.name, () => runRing(ring, ready, full));
  for (const ring of RINGS) if (wants(ring.name, ring.fullOnly)) await ring.cleanUp?.();
  const total = addTallies(tallies.map(({ tally }) => tally));
  console.log("");
  for (const { name, tally, time } of tallies)
    console.log(`${name.padEnd(8)} ${time.padStart(6)}  ${tallyLine(tally)}`);
  for (const failure of total.failures) console.log(`failed: ${failure}`);
  for (const title of total.skipped) console.log(`skipped: ${title}`);
  console.log(`in ${elapsed().trim()}`);
  console.log(tallyLine(total));
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function checks(): Promise<Tally> {
  let passed = 0;
  const failures: string[] = [];
  for (const { name, argv } of CHECKS) {
    try {
      await step(name, () => runCheck(argv));
      passed++;
    } catch (error) {
      failures.push(`check ${name}`);
      console.error(error instanceof Error ? error.message : error);
    }
  }
  return { passed, failed: failures.length, failures, skipped: [] };
}

async function runRing(
  ring: Ring,
  ready: Promise<Readonly<Record<string, string>>> | undefined,
  full: boolean,
): Promise<Tally> {
  say(`ring ${ring.name}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-ring-"));
  const file = path.join(folder, "tally.json");
  try {
    const env = { ...process.env, ...(await ready), [TALLY_VARIABLE]: file, ...(full ? { TRAINYARD_FULL: "1" } : {}) };
    const files = fs.globSync([...ring.files], { cwd: ROOT }).sort();
    if (files.length === 0) return addTallies([]);
    const code = await start(ring.argv(files), env, file);
    const tally = readTally(file);
    // A run that ends badly after its last test has failed too.
    return code === 0 || tally.failed > 0
      ? tally
      : addTallies([tally, oneFailure(`ring ${ring.name} ended with ${code} after its last test`)]);
  } catch (error) {
    return oneFailure(`ring ${ring.name} could not be run: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** From the last test of a ring to the end of its process; mocha.ts takes three seconds at most. */
const END_MS = 60_000;

/** @param tally the file that is written after the last test @returns the exit code */
async function start(argv: readonly string[], env: NodeJS.ProcessEnv, tally: string): Promise<number> {
  const port = await freePort();
  return new Promise((resolve, reject) => {
    const options = ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", `--inspect-port=127.0.0.1:${port}`];
    const child = spawn(process.execPath, [...options, ...argv], {
      cwd: ROOT,
      env,
      stdio: ["ignore", "inherit", "inherit"],
    });
    let stuck: NodeJS.Timeout | undefined;
    const watch = setInterval(() => {
      if (stuck !== undefined || !fs.existsSync(tally)) return;
      stuck = setTimeout(() => {
        void tellStuck(child, port)
          .then(
            (text) => console.error(`the ring's tests are over, its process does not end:\n  ${text}`),
            console.error,
          )
          .then(() => child.kill("SIGKILL"));
      }, END_MS);
    }, 1000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(watch);
      clearTimeout(stuck);
      resolve(code ?? 1);
    });
  });
}

process.exitCode = await main();
// Background preparation that nobody waits for any more must not hold the command.
process.exit();
