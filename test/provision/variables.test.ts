import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Wish } from "../../src/contract/wish.ts";
import { nodeAccount } from "../../src/provision/plan/made.ts";
import { legalGpuShapes } from "../../src/provision/plan/limits.ts";
import { findings } from "../../src/provision/plan/rules.ts";
import { type RuleCode, RULES } from "../../src/provision/plan/rules/finding.ts";
import { EKS_REGIONS } from "../../src/provision/plan/catalogue/eks.ts";
import { checkConfigurations, checkVariables } from "./configurations.ts";
import { ensureTerraform, foundTofu } from "./program.ts";
import { terraform } from "./run.ts";
import { randomWishes, wishFor } from "./wishes.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");

/** Rules about the state and the sign-in, which are no variables. */
const NOT_VARIABLES: readonly RuleCode[] = ["state-bucket", "state-prefix", "profile"];

const GKE = {
  ...{ name: "kubeflow-01", project: "my-project-1", region: "us-central1", zones: ["us-central1-a"] },
  cpu_pool: { machine: "e2-standard-4", nodes: 3, max_nodes: 5 },
  gpu_pool: { accelerator: "nvidia-tesla-t4", machine: "n1-standard-4", per_node: 1, max_nodes: 3 },
};
const EKS = {
  ...{ name: "kubeflow-01", region: "us-west-2", kubernetes_version: "1.35" },
  cpu_pool: { instance_type: "m5.xlarge", nodes: 3, max_nodes: 5 },
  gpu_pool: { gpu: "L4", instance_types: ["g6.xlarge"], per_node: 1, max_nodes: 3 },
};

function breaksRule(wish: Wish): boolean {
  return findings(wish, {}).some(
    ({ severity, code }) => severity === "error" && RULES[code] === "file" && !NOT_VARIABLES.includes(code),
  );
}

function isRefused(wish: Wish): boolean {
  return findings(wish, {}).some(({ severity }) => severity === "error");
}

describe("variables.tf", () => {
  let program = "";
  before(async function () {
    this.timeout(1_200_000);
    program = await ensureTerraform();
  });

  it("is formatted, as every file beside it is", async () => {
    const folder = path.join(ROOT, "media", "terraform");
    const { code, out, err } = await terraform(program, ["fmt", "-check", "-recursive", "-no-color"], folder);
    assert.equal(code, 0, `these are not: ${out} ${err}`);
  });

  it("accepts every legal GPU node of the catalogue", async function () {
    this.timeout(180_000);
    const wishes = (["gke", "eks"] as const).flatMap((cloud) =>
      legalGpuShapes(cloud).flatMap((shape) =>
        shape.perNode.map((count) => wishFor(cloud, shape, count, (shape.regions ?? EKS_REGIONS)[0] ?? "")),
      ),
    );
    const checked = await checkConfigurations(program, wishes);
    assert.ok(wishes.length > 150, `only ${wishes.length} were tried`);
    assert.deepEqual(checked.details, []);
  });

  for (const { what, values, says } of illegal()) {
    it(`refuses ${what}`, async () => {
      const [reason] = await checkVariables(program, values.where, [values.variables]);
      assert.match(reason ?? "", says);
    });
  }

  it("refuses what the page refuses, and nothing else, over random wishes", async function () {
    this.timeout(180_000);
    await agree(program, 120);
  });

  it("has the page name the nodes’ service account as main.tf does", async () => {
    const main = readFileSync(path.join(ROOT, "media", "terraform", "gke", "main.tf"), "utf8");
    const expression = /^ {2}account = (.*)$/m.exec(main)?.[1]?.replaceAll("var.name", "name") ?? assert.fail();
    const names = ["ab", "a".repeat(24), "a".repeat(25), "kubeflow-of-the-team-of-ml-01", `k${"x".repeat(39)}`];
    const folder = mkdtempSync(path.join(tmpdir(), "trainyard-account-"));
    writeFileSync(
      path.join(folder, "main.tf"),
      `output "them" {\n  value = [for name in ${JSON.stringify(names)} : "\${${expression}}-nodes"]\n}\n`,
    );
    const { out } = await terraform(program, ["plan", "-no-color", "-lock=false"], folder);
    rmSync(folder, { recursive: true });
    assert.deepEqual(
      [...out.matchAll(/"(.*-nodes)"/g)].map(([, name]) => name),
      names.map(nodeAccount),
    );
  });

  // The full run builds one.
  const tofu = foundTofu();
  if (tofu !== undefined)
    it("does so under OpenTofu", async function () {
      this.timeout(180_000);
      await agree(tofu, 40);
    });
});

async function agree(program: string, count: number): Promise<void> {
  const wishes = randomWishes(count, 20);
  const { reasons } = await checkConfigurations(program, wishes);
  const disagreements = wishes.flatMap((wish, index) => {
    const reason = reasons[index] ?? "";
    const wrong = reason === "" ? breaksRule(wish) : !isRefused(wish);
    const found = findings(wish, {}).map(({ code, severity, message }) => `${severity} ${code}: ${message}`);
    return wrong ? [{ wish: { name: wish.name, of: wish.where === "gke" ? wish.gke : wish.eks }, found, reason }] : [];
  });
  assert.deepEqual(disagreements, []);
  assert.ok(reasons.includes("") && reasons.some((reason) => reason !== ""), "both kinds are tried");
}

function illegal() {
  const gke = (change: Record<string, unknown>) => ({ where: "gke" as const, variables: { ...GKE, ...change } });
  const eks = (change: Record<string, unknown>) => ({ where: "eks" as const, variables: { ...EKS, ...change } });
  return [
    { what: "three T4 on a node", values: gke({ gpu_pool: { ...GKE.gpu_pool, per_node: 3 } }), says: /1, 2 or 4/ },
    { what: "a T4 on a G2 machine", values: gke({ gpu_pool: { ...GKE.gpu_pool, machine: "g2-standard-4" } }), says: /No such combination/ },
    { what: "a GPU in a region without it", values: gke({ region: "africa-south1", zones: ["africa-south1-a"] }), says: /not offered in africa-south1/ },
    { what: "a small H100 machine on demand", values: gke({ region: "us-central1", gpu_pool: { accelerator: "nvidia-h100-80gb", machine: "a3-highgpu-1g", per_node: 1, max_nodes: 1 } }), says: /only as spot/ },
    { what: "overlapping ranges", values: gke({ ranges: { pods: "10.10.0.0/16" } }), says: /overlap/ },
    { what: "a zone of another region", values: gke({ zones: ["us-east4-a"] }), says: /has to be one of/ },
    { what: "a driver that there is not", values: gke({ gpu_pool: { ...GKE.gpu_pool, driver: "NEWEST" } }), says: /DEFAULT, LATEST/ },
    { what: "a release channel that there is not", values: gke({ release_channel: "NIGHTLY" }), says: /release channel/ },
    { what: "a disk that CUDA images do not fit on", values: gke({ gpu_pool: { ...GKE.gpu_pool, disk_gb: 20 } }), says: /50 to 65536/ },
    { what: "an instance type with other GPUs", values: eks({ gpu_pool: { ...EKS.gpu_pool, gpu: "T4" } }), says: /No such combination/ },
    { what: "a capacity type that there is not", values: eks({ gpu_pool: { ...EKS.gpu_pool, capacity_type: "CHEAP" } }), says: /ON_DEMAND or SPOT/ },
    { what: "a version that is too old", values: eks({ kubernetes_version: "1.21" }), says: /1\.34 or newer/ },
    { what: "a private network at the public endpoint", values: eks({ authorized_networks: ["10.1.0.0/16"] }), says: /as the internet sees/ },
    { what: "a network that is too large for AWS", values: eks({ vpc_cidr: "10.0.0.0/8" }), says: /\/16, \/17 or \/18/ },
  ]; // prettier-ignore
}
