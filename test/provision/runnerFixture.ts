// One cluster's folder on real Terraform without any provider: `terraform_data` and shell commands.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { type KeeperProgram, startApply } from "../../src/provision/terraform/apply.ts";
import { runsFolder, type TerraformPlace } from "../../src/provision/terraform/commands.ts";
import { findTerraform, type TerraformProgram } from "../../src/provision/terraform/find.ts";
import type { Run } from "../../src/provision/terraform/runs.ts";
import { RunWatch } from "../../src/provision/terraform/runWatch.ts";
import { type MadePlan, Terraform } from "../../src/provision/terraform/terraform.ts";
import { ROOT } from "../../scripts/build.ts";

export const KEEPER: KeeperProgram = {
  execPath: process.execPath,
  // The bundle may be tried in its place.
  script: process.env["TRAINYARD_KEEPER"] ?? path.join(ROOT, "src/provision/terraform/keeper.ts"),
};

export const never = new AbortController().signal;

/** The program of TRAINYARD_TERRAFORM, else of the PATH; undefined where there is none. */
export async function realTerraform(): Promise<TerraformProgram | undefined> {
  const setting = process.env["TRAINYARD_TERRAFORM"] ?? "";
  // The environment may name a configuration of its own, with mirrors or that is not there.
  const config = path.join(mkdtempSync(path.join(tmpdir(), "trainyard-tfrc-")), "terraformrc");
  writeFileSync(config, "");
  const env = { ...process.env, TF_CLI_CONFIG_FILE: config };
  return findTerraform({ env, platform: process.platform, setting }).catch(() => undefined);
}

export class Cluster {
  readonly root = mkdtempSync(path.join(tmpdir(), "trainyard-runner-"));
  readonly place: TerraformPlace = {
    folder: path.join(this.root, "files"),
    storage: path.join(this.root, "storage"),
    pluginCache: path.join(this.root, "plugins"),
  };
  readonly terraform: Terraform;
  readonly #watches: RunWatch[] = [];

  constructor(program: TerraformProgram, files: string) {
    mkdirSync(this.place.folder);
    this.write(files);
    const { platform } = process;
    this.terraform = new Terraform({ program, place: this.place, platform, clock: systemClock, log: silentLogger });
  }

  write(files: string): void {
    writeFileSync(path.join(this.place.folder, "main.tf"), files);
  }

  /** Path of a file by which a test and a resource's command wait for each other. */
  mark(name: string): string {
    return path.join(this.root, name);
  }

  plan(destroy = false): Promise<MadePlan> {
    return this.terraform.plan({ destroy, signal: never });
  }

  async apply(plan: MadePlan): Promise<RunWatch> {
    return this.watch((await startApply(this.terraform, plan, KEEPER)).run);
  }

  watch(run: Run): RunWatch {
    const { platform } = process;
    const watch = new RunWatch(run, { runs: this.runs, clock: systemClock, log: silentLogger, platform });
    this.#watches.push(watch);
    return watch;
  }

  get runs(): string {
    return runsFolder(this.place);
  }

  /** All that Terraform wrote in the run. */
  events(run: Run): string {
    return readFileSync(path.join(this.runs, `run-${run.number}.jsonl`), "utf8");
  }

  dispose(): void {
    for (const watch of this.#watches) watch.dispose();
    rmSync(this.root, { recursive: true, force: true });
  }
}
