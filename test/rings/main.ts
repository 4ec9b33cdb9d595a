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
import { addTallies, readTally, type Tally, TALLY_VARIABLE, tallyLine } from "./tally.ts";

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
  for (const title of total.skipped) console.log(`skipped: ${title}`);
  console.log(`in ${elapsed().trim()}`);
  console.log(tallyLine(total));
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function checks(): Promise<Tally> {
  let passed = 0;
  let failed = 0;
  for (const { name, argv } of CHECKS) {
    try {
      await step(name, () => runCheck(argv));
      passed++;
    } catch (error) {
      failed++;
      console.error(error instanceof Error ? error.message : error);
    }
  }
  return { passed, failed, skipped: [] };
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
    if (files.length === 0) return { passed: 0, failed: 0, skipped: [] };
    const code = await start(ring.argv(files), env);
    const tally = readTally(file);
    // A run that ends badly after its last test has failed too.
    return code === 0 || tally.failed > 0 ? tally : { ...tally, failed: 1 };
  } catch (error) {
    console.error(`ring ${ring.name} could not be run: ${error instanceof Error ? error.message : String(error)}`);
    return { passed: 0, failed: 1, skipped: [] };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function start(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", ...argv], {
      cwd: ROOT,
      env,
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

process.exitCode = await main();
// Background preparation that nobody waits for any more must not hold the command.
process.exit();
