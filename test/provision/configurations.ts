// Puts many wishes through `terraform plan` of our variables.tf at once: each is a module of one root without providers,
// and the rules are checked for each.
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Wish } from "../../src/contract/wish.ts";
import type { Cloud } from "../../src/provision/plan/catalogue/shapes.ts";
import { variables } from "../../src/provision/files/variables.ts";
import { errorsIn, terraform } from "./run.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");

export interface Checked {
  /** How many of the wishes Terraform refused. */
  readonly refused: number;
  /** In the order of the wishes: what Terraform said of each, "" for one that it accepts. */
  readonly reasons: readonly string[];
  /** The refused ones, for people: the values and the reason. */
  readonly details: readonly string[];
}

/** A plan takes about 10 ms of CPU time for each module of one block. */
const IN_ONE_PLAN = 250;

/** Blocks in one plan, where each module has its own: the time for each grows with their number. */
const APART = 50;

/** Checks wishes for GKE and EKS. Rejects where Terraform fails for another reason than a rule. */
export async function checkConfigurations(program: string, wishes: readonly Wish[]): Promise<Checked> {
  const reasons = new Array<string>(wishes.length).fill("");
  for (const cloud of ["gke", "eks"] as const) {
    const places = wishes.flatMap((wish, index) => (wish.where === cloud ? [index] : []));
    const values = places.map((index) => variables(at(wishes, index)));
    (await checkVariables(program, cloud, values)).forEach((reason, index) => {
      reasons[at(places, index)] = reason;
    });
  }
  const details = reasons.flatMap((reason, index) =>
    reason === "" ? [] : [`${JSON.stringify(variables(at(wishes, index)))}: ${reason}`],
  );
  return { refused: details.length, reasons, details };
}

/** The same for contents of terraform.tfvars.json; answers what Terraform said of each, "" for one that it accepts. */
export async function checkVariables(
  program: string,
  cloud: Cloud,
  values: readonly Readonly<Record<string, unknown>>[],
): Promise<readonly string[]> {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-variables-"));
  try {
    await fs.mkdir(path.join(root, "cluster"));
    for (const name of ["variables.tf", "catalogue.tf"])
      await fs.copyFile(path.join(ROOT, "media", "terraform", cloud, name), path.join(root, "cluster", name));
    // Something that a plan is about; it belongs to Terraform itself.
    await fs.writeFile(
      path.join(root, "cluster", "made.tf"),
      'resource "terraform_data" "this" {\n  input = var.name\n}\n',
    );
    const reasons: string[] = [];
    for (let from = 0; from < values.length; from += IN_ONE_PLAN) {
      const some = values.slice(from, from + IN_ONE_PLAN);
      // One block is quicker, but its errors do not say which of its modules they are of.
      if (some.length > APART && (await plan(program, root, together(some), some)).length === 0)
        reasons.push(...some.map(() => ""));
      else
        for (let part = 0; part < some.length; part += APART)
          reasons.push(...(await apart(program, root, some.slice(part, part + APART))));
    }
    return reasons;
  } finally {
    await fs.rm(root, { recursive: true, force: true });
  }
}

type Values = readonly Readonly<Record<string, unknown>>[];

/** Terraform first checks conditions that speak of one variable, and the others only where those hold everywhere. */
async function apart(program: string, root: string, values: Values): Promise<readonly string[]> {
  const reasons = values.map(() => "");
  for (;;) {
    const left = values.flatMap((_, index) => (reasons[index] === "" ? [index] : []));
    const some = left.map((index) => at(values, index));
    const errors = some.length === 0 ? [] : await plan(program, root, oneByOne(some), some);
    if (errors.length === 0) return reasons;
    left.forEach((index, place) => {
      const own = errors.filter(({ context }) => context === `module "c${place}"`);
      reasons[index] = own.map(({ summary, detail }) => detail.split("\n\n")[0] ?? summary).join(" ");
    });
  }
}

/** Errors of rules; anything else that goes wrong is thrown. */
async function plan(program: string, root: string, main: string, values: Values) {
  await fs.writeFile(path.join(root, "main.tf"), `locals {\n  all = jsondecode(file("all.json"))\n}\n${main}`);
  await fs.writeFile(path.join(root, "all.json"), JSON.stringify(values));
  await fs.rm(path.join(root, ".terraform"), { recursive: true, force: true });
  const init = await terraform(program, ["init", "-input=false", "-no-color", "-backend=false"], root);
  if (init.code !== 0) throw new Error(`init ended with ${init.code}: ${init.err}`);
  const planned = await terraform(program, ["plan", "-input=false", "-json", "-refresh=false", "-lock=false"], root);
  const errors = errorsIn(planned.out);
  const strange = errors.find(({ context }) => !context.startsWith("module "));
  if (strange !== undefined || (planned.code !== 0 && errors.length === 0))
    throw new Error(`plan ended with ${planned.code}: ${strange?.summary ?? planned.err} ${strange?.detail ?? ""}`);
  return errors;
}

function together(values: Values): string {
  const keyed = "{ for index, one in local.all : index => one }";
  return `module "c" {\n  source   = "./cluster"\n  for_each = ${keyed}\n${args(values, "each.value")}}\n`;
}

function oneByOne(values: Values): string {
  return values
    .map((_, index) => `module "c${index}" {\n  source = "./cluster"\n${args(values, `local.all[${index}]`)}}\n`)
    .join("");
}

/** A value that a configuration leaves out is null, which stands for the default. */
function args(values: Values, from: string): string {
  const names = new Set(values.flatMap((one) => Object.keys(one)));
  return [...names].map((name) => `  ${name} = try(${from}.${name}, null)\n`).join("");
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`There is no item ${index}.`);
  return item;
}
