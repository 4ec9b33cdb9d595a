// A step of a workflow, started as GitHub's runner starts it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";

export interface RanStep {
  readonly code: number | null;
  /** Both outputs. */
  readonly log: string;
  /** What it set for later steps. */
  readonly outputs: string;
}

/**
 * Runs a `run:` step of the job `ship` by its name, with `shell: bash`.
 * @param temp folder of the runner, empty; its files and those of GitHub go there
 * @param cwd working directory of the job
 */
export async function runStep(
  workflow: string,
  name: string,
  temp: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<RanStep> {
  const { jobs } = parse(workflow) as { jobs: { ship: { steps: { name?: string; run?: string }[] } } };
  const script = jobs.ship.steps.find((one) => one.name === name)?.run;
  assert.ok(script, name);
  const at = (one: string): string => path.join(temp, one);
  await fs.writeFile(at("script.sh"), script);
  const github = {
    ...{ RUNNER_TEMP: temp, GITHUB_OUTPUT: at("output"), GITHUB_STEP_SUMMARY: at("summary") },
    ...{ GITHUB_SHA: "0123456789abcdef0123456789abcdef01234567", GITHUB_RUN_NUMBER: "7", GITHUB_RUN_ATTEMPT: "1" },
  };
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", at("script.sh")], {
    cwd,
    env: { ...github, ...env },
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, log, outputs: await fs.readFile(at("output"), "utf8").catch(() => "") };
}
