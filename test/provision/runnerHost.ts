// Stands for a window that starts an apply and is then ended from outside: `runnerHost.ts <json>`.
import process from "node:process";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { startApply } from "../../src/provision/terraform/apply.ts";
import type { TerraformPlace } from "../../src/provision/terraform/commands.ts";
import type { TerraformProgram } from "../../src/provision/terraform/find.ts";
import { type MadePlan, Terraform } from "../../src/provision/terraform/terraform.ts";
import { KEEPER } from "./runnerFixture.ts";

interface Told {
  readonly program: TerraformProgram;
  readonly place: TerraformPlace;
  readonly plan: MadePlan;
}

const { program, place, plan } = JSON.parse(process.argv[2] ?? "") as Told;
const terraform = new Terraform({ program, place, platform: process.platform, clock: systemClock, log: silentLogger });
const { run, attached } = await startApply(terraform, plan, KEEPER);
process.stdout.write(JSON.stringify({ number: run.number, attached }) + "\n");
// Lives until it is ended.
setInterval(() => undefined, 60_000);
