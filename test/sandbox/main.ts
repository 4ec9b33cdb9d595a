// `npm run sandbox -- up | down | status | kubeconfig`.
import fs from "node:fs";
import process from "node:process";
import readline from "node:readline/promises";
import { elapsed } from "../../scripts/steps.mjs";
import { USAGE, UsageError, parseArguments } from "./args.ts";
import type { Arguments } from "./args.ts";
import { knownSandboxes, layoutOf } from "./layout.ts";
import { duration } from "./progress.ts";
import { ensureSandbox, kubeconfigPath, lookAtSandbox, stopSandbox } from "./sandbox.ts";

async function main(): Promise<number> {
  const args = parseArguments(process.argv.slice(2));
  switch (args.command) {
    case "up":
      return up(args);
    case "down":
      await stopSandbox(args.name);
      console.log(`The sandbox «${args.name}» is down (${elapsed().trim()}).`);
      return 0;
    case "status":
      for (const name of new Set([args.name, ...knownSandboxes()])) console.log(describe(name));
      return 0;
    case "kubeconfig":
      return kubeconfig(args);
  }
}

async function up(args: Arguments): Promise<number> {
  if (args.fresh && !args.yes && !(await agrees(args.name))) return 1;
  process.once("SIGINT", () => {
    console.log(
      `\nThe sandbox «${args.name}» goes on in the background; «npm run sandbox -- down --name ${args.name}» ends it.`,
    );
    process.exit(130);
  });
  const { name, fresh, parts } = args;
  const sandbox = await ensureSandbox({ name, fresh, parts, with: args.with, onProgress: (line) => console.log(line) });
  console.log(`The sandbox «${name}» is ready at ${sandbox.address} (${elapsed().trim()}).`);
  console.log(`export KUBECONFIG=${sandbox.kubeconfig}`);
  return 0;
}

/** Only a person at a terminal is asked; a script that says --fresh means it. */
async function agrees(name: string): Promise<boolean> {
  if (!process.stdin.isTTY || !fs.existsSync(layoutOf(name).etcd)) return true;
  const dialogue = readline.createInterface({ input: process.stdin, output: process.stdout });
  const answer = await dialogue.question(`Throw away everything in the cluster of the sandbox «${name}»? [y/N] `);
  dialogue.close();
  return /^y(es)?$/i.test(answer.trim());
}

const WHAT = {
  empty: "control plane alone",
  bare: "control plane and node",
  control: "control plane and controllers",
  node: "control plane, node and controllers",
} as const;

function describe(name: string): string {
  const { status, last } = lookAtSandbox(name);
  if (status === undefined) return `${name}: not running${last === undefined ? "" : ` (${last.split("\n")[0] ?? ""})`}`;
  const since = duration(Date.now() - Date.parse(status.since));
  const what = [WHAT[status.parts], ...status.with].join(", ");
  if (status.phase === "ready") return `${name}: ready for ${since} at ${status.address}: ${what}`;
  return `${name}: ${status.message} (at ${status.address})`;
}

function kubeconfig(args: Arguments): number {
  const file = kubeconfigPath(args.name, args.user);
  if (file === undefined) {
    console.error(`There is no sandbox «${args.name}» yet: «npm run sandbox -- up --name ${args.name}» makes it.`);
    return 1;
  }
  console.log(file);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
