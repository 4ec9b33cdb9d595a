// Writes media/terraform/<cloud>/catalogue.tf from src/provision/plan: the wizard's rules and the `validation` blocks of
// variables.tf measure by the same tables.
import fs from "node:fs";
import process from "node:process";
import path from "node:path";
import { GKE_CPU_ABSENT, GKE_GPUS, GKE_REGIONS, GKE_SOURCES } from "../src/provision/plan/catalogue/gke.ts";
import { EKS_SOURCES } from "../src/provision/plan/catalogue/eks.ts";
import type { Cloud, GpuShape } from "../src/provision/plan/catalogue/shapes.ts";
import { legalGpuShapes, LIMITS } from "../src/provision/plan/limits.ts";

const ROOT = path.join(import.meta.dirname, "..");
const CLOUDS: readonly Cloud[] = ["gke", "eks"];

/** Where the table of a cloud is kept. */
export function tableFile(cloud: Cloud): string {
  return path.join(ROOT, "media", "terraform", cloud, "catalogue.tf");
}

/** Text of `catalogue.tf`, formatted as `terraform fmt` does. */
export function terraformTable(cloud: Cloud): string {
  const parts = cloud === "gke" ? gke() : eks();
  const body = parts.map((part) => indent(part)).join("\n\n");
  return `# Written by scripts/terraformTables.ts from the wizard's own catalogue; the conditions in variables.tf measure by it.\n\nlocals {\n${body}\n}\n`;
}

function gke(): readonly string[] {
  const { name, project, region, zoneEnd, cpuMachine, notCpuMachine } = LIMITS.gke;
  const shapes = legalGpuShapes("gke");
  const listed = new Map<string, readonly string[]>(GKE_GPUS.map((gpu) => [gpu.name, gpu.regions]));
  const fewer = shapes.filter((shape) => shape.regions?.join() !== listed.get(shape.gpu)?.join());
  const source = `${GKE_SOURCES.regions.name}, ${GKE_SOURCES.regions.date}`;
  return [
    map("patterns", {
      name,
      project,
      region,
      zone_end: zoneEnd,
      cpu_machine: cpuMachine,
      not_cpu_machine: notCpuMachine,
    }),
    most(),
    `# GPUs of one node that each machine type takes. ${GKE_SOURCES.counts.name}.\n${counts(shapes)}`,
    `# These come as spot only.\nspot_only = ${hcl([...new Set(shapes.filter((s) => s.spotOnly).map((s) => s.machine))])}`,
    `# Regions of Google Cloud. ${source}.\nregions = ${hcl(GKE_REGIONS)}`,
    `# Series of machine types, and regions that go without.\n${map("absent", GKE_CPU_ABSENT)}`,
    `# Where each GPU is. ${source}.\n${map("gpu_regions", Object.fromEntries(listed))}`,
    `# Machine types that are not everywhere where their GPU is.\n${map("machine_regions", Object.fromEntries(fewer.map((s) => [s.machine, s.regions ?? []])))}`,
  ];
}

function eks(): readonly string[] {
  const { name, region, version, cpuMachine, notCpuMachine, reservedNetworks } = LIMITS.eks;
  return [
    map("patterns", { name, region, version, cpu_machine: cpuMachine, not_cpu_machine: notCpuMachine }),
    most(),
    `# GPUs of one node, which is the instance type's own number. ${EKS_SOURCES.machines.name}.\n${counts(legalGpuShapes("eks"))}`,
    `# EKS refuses these among the networks that may reach the public endpoint.\nreserved_networks = ${hcl(reservedNetworks)}`,
  ];
}

function most(): string {
  return map("most", { nodes: LIMITS.nodes.most, zones: LIMITS.zones.most, networks: LIMITS.networks.most });
}

function counts(shapes: readonly GpuShape[]): string {
  const of = (gpu: string) => shapes.filter((shape) => shape.gpu === gpu);
  const gpus = [...new Set(shapes.map((shape) => shape.gpu))];
  const blocks = gpus.map((gpu) =>
    indent(`${hcl(gpu)} = ${block(Object.fromEntries(of(gpu).map((shape) => [shape.machine, shape.perNode])))}`),
  );
  return `gpus = {\n${blocks.join("\n")}\n}`;
}

type Value = string | number | readonly (string | number)[];

function map(name: string, values: Readonly<Record<string, Value>>): string {
  return `${name} = ${block(values)}`;
}

/** `{ … }` with a line for each value, the signs = below each other. */
function block(values: Readonly<Record<string, Value>>): string {
  const keys = Object.keys(values).map((key) => [key, /^[a-z_]+$/.test(key) ? key : hcl(key)] as const);
  const width = Math.max(0, ...keys.map(([, shown]) => shown.length));
  const lines = keys.map(([key, shown]) => `  ${shown.padEnd(width)} = ${hcl(values[key] ?? "")}`);
  return `{\n${lines.join("\n")}\n}`;
}

/** A value as HCL writes it. The tables hold neither `${` nor `%{`, which would need escaping. */
function hcl(value: Value): string {
  if (typeof value === "object") return `[${value.map((item) => hcl(item)).join(", ")}]`;
  if (typeof value === "string" && /[$%]\{/.test(value)) throw new Error(`${value} is a template in HCL.`);
  return JSON.stringify(value);
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}

if (process.argv[1] === import.meta.filename) {
  for (const cloud of CLOUDS) {
    fs.writeFileSync(tableFile(cloud), terraformTable(cloud));
    console.log(`wrote ${path.relative(ROOT, tableFile(cloud))}`);
  }
}
