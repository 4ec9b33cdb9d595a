import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parse } from "../../../test/provision/hcl.ts";
import { parse as parseYaml } from "yaml";
import { terraformTable } from "../../../scripts/terraformTables.ts";
import type { Wish } from "../../contract/wish.ts";
import { isUserError } from "../../core/errors.ts";
import { GKE_SHAPES } from "../plan/catalogue/gke.ts";
import { defaultWish } from "../plan/defaults.ts";
import { backendText, hclString } from "./backend.ts";
import { files } from "./files.ts";
import { RECORD, writeFolder } from "./folder.ts";
import { loadTemplates } from "./templates.ts";
import { variablesText } from "./variables.ts";

const ROOT = path.join(import.meta.dirname, "..", "..", "..");
const MEDIA = path.join(ROOT, "media", "terraform");

const gke = (): Wish => ({
  ...defaultWish(),
  state: { kind: "mine" },
  gke: { ...defaultWish().gke, project: "my-project-1" },
});
const eks = (): Wish => ({
  ...gke(),
  where: "eks",
  state: { kind: "shared", bucket: "our-states", prefix: "clusters" },
});

function withCode(code: string) {
  return (error: unknown) => isUserError(error) && error.code === code;
}

describe("files of a cluster", () => {
  const wishes: readonly (readonly [string, Wish])[] = [
    ["gke", gke()],
    ["eks", eks()],
    [
      "gke-no-gpu",
      { ...gke(), gke: { ...gke().gke, gpu: null, protect: true, authorizedNetworks: ["203.0.113.7/32"] } },
    ],
  ];
  for (const [name, wish] of wishes) {
    it(`hold the same values for the same wish (${name})`, async () => {
      const golden = await fs.readFile(path.join(ROOT, "test", "golden", `terraform-${name}.json`), "utf8");
      assert.equal(variablesText(wish), golden);
    });
  }

  it("name their version, and are HCL that can be read", async () => {
    const all = files(eks(), await loadTemplates(MEDIA, "1.2.3"));
    assert.deepEqual(
      all.map(({ name }) => name).sort(),
      [".gitignore", "README.md", "backend.tf", "catalogue.tf", "iam.tf", "main.tf", "network.tf", "outputs.tf", "terraform.tfvars.json", "variables.tf", "versions.tf"], // prettier-ignore
    );
    for (const { name, text } of all.filter((file) => file.name.endsWith(".tf"))) {
      assert.match(text, /^# Trainyard for Kubeflow 1\.2\.3\n\n/);
      await parse(name, text);
    }
  });

  it("hold what a person typed in the values only, as it is", async () => {
    const name = '${path.module} %{if true} "quoted" \n<script>`x`';
    const all = files({ ...gke(), name }, await loadTemplates(MEDIA, "1.2.3"));
    const values = all.find((file) => file.name === "terraform.tfvars.json");
    assert.equal((JSON.parse(values?.text ?? "") as { name: string }).name, name);
    assert.deepEqual(
      all.filter((file) => file !== values && file.text.includes("path.module")),
      [],
    );
  });

  it("tell Terraform where the cloud knows more than the tables", () => {
    const wish = { ...gke(), gke: { ...gke().gke, region: "africa-south1", zones: ["africa-south1-a"] } };
    const zones = { "nvidia-l4": ["africa-south1-a"], "g2-standard-8": ["africa-south1-a"] };
    const live = { gke: { askedRegions: ["africa-south1"], zones } };
    assert.doesNotMatch(variablesText(wish), /region_confirmed/);
    assert.match(variablesText(wish, live), /"region_confirmed": true/);
  });

  for (const cloud of ["gke", "eks"] as const) {
    it(`measure by the tables of the catalogue (${cloud}; else run scripts/terraformTables.ts)`, async () => {
      assert.equal(await fs.readFile(path.join(MEDIA, cloud, "catalogue.tf"), "utf8"), terraformTable(cloud));
    });
  }

  it("give each machine type the disk that it takes", async () => {
    const main = await fs.readFile(path.join(MEDIA, "gke", "main.tf"), "utf8");
    const pattern = new RegExp(/hyperdisk_only = "(.*)"/.exec(main)?.[1] ?? "nothing");
    // The newest GPU machines refuse persistent disks: general knowledge, and cluster-toolkit's blueprints.
    for (const { machine } of GKE_SHAPES)
      assert.equal(pattern.test(machine), /^(g4|a4|a4x)-|^a3-ultragpu-/.test(machine), machine);
  });
});

describe("backend.tf", () => {
  it("is there for a shared state only", () => {
    assert.equal(backendText(gke()), undefined);
    assert.match(backendText(eks()) ?? "", /key +=\s"clusters\/kubeflow-01\.tfstate"/);
  });

  for (const [text, written] of [
    ["${path.module}", "$${path.module}"],
    ["%{if true}x", "%%{if true}x"],
    ['a"b', 'a\\"b'],
    ["back\\slash", "back\\\\slash"],
    ["ends in $", "ends in $"],
  ] as const) {
    it(`writes ${JSON.stringify(text)} as ${written}`, async () => {
      assert.equal(hclString(text), `"${written}"`);
      const state = { kind: "shared", bucket: text, prefix: "p" } as const;
      await parse("backend.tf", backendText({ ...gke(), state }) ?? "");
    });
  }

  it("keeps the states of two clusters in one bucket apart, also without a folder in it", () => {
    const of = (name: string, prefix: string) =>
      backendText({ ...gke(), name, state: { kind: "shared", bucket: "our-states", prefix } }) ?? "";
    assert.match(of("kubeflow-01", ""), /prefix = "trainyard\/kubeflow-01"/);
    assert.match(of("kubeflow-02", "/"), /prefix = "trainyard\/kubeflow-02"/);
    assert.match(of("kubeflow-01", "clusters"), /prefix = "clusters"/);
  });

  it("refuses what cannot be printed", () => {
    for (const bad of ["a\nb", "a\u0000", "a\u0085", "a\u2028"])
      assert.throws(() => hclString(bad), withCode("state-text"));
  });
});

describe("files of a cluster on this computer", () => {
  const local = (change: Partial<Wish["local"]>): Wish => ({
    ...gke(),
    where: "local",
    local: { ...defaultWish().local, ...change },
  });

  it("are YAML that means what was wished", async () => {
    const templates = await loadTemplates(MEDIA, "1.2.3");
    const [k3d] = files(local({ tool: "k3d", volume: '/data/"my" files', registry: true, gpus: true }), templates);
    const read = parseYaml(k3d?.text ?? "") as Record<string, unknown>;
    assert.deepEqual(read["volumes"], [{ volume: '/data/"my" files:/data', nodeFilters: ["server:*"] }]);
    assert.deepEqual(read["registries"], { create: { name: "kubeflow-01-registry" } });
    assert.equal(read["image"], "+v1.35");
    const [kind] = files(local({ tool: "kind", version: "1.36" }), templates);
    assert.match(kind?.text ?? "", /service-account-issuer: https:\/\/kubernetes\.default\.svc/);
  });

  it("say in their README the very command that is run", async () => {
    const wish = local({ tool: "minikube", version: "1.35", gpus: true });
    const [readme] = files({ ...wish, name: "it's" }, await loadTemplates(MEDIA, "1.2.3"));
    assert.match(
      readme?.text ?? "",
      /minikube start '--profile=it'\\''s' --driver=docker .*--gpus=all --interactive=false /,
    );
    const readmeOf = async (change: Partial<Wish["local"]>) =>
      files(local(change), await loadTemplates(MEDIA, "1.2.3")).at(-1)?.text ?? "";
    assert.match(await readmeOf({ tool: "k3d" }), /\nk3d cluster create kubeflow-01 --config=k3d\.yaml\n/);
    const kind =
      /\nkind create cluster --name=kubeflow-01 --config=kind\.yaml --image=kindest\/node:v1\.35\.0 --wait=5m\n/;
    assert.match(await readmeOf({ tool: "kind", version: "1.35" }), kind);
    assert.match(await readmeOf({ tool: "microk8s" }), /used as it is: nothing is made/);
  });
});

describe("a cluster's folder", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-folder-"));
  });
  afterEach(() => fs.rm(folder, { recursive: true, force: true }));
  const text = (name: string) => fs.readFile(path.join(folder, name), "utf8");

  it("is written, written again with other values, and loses what is no longer wanted", async () => {
    await writeFolder(folder, [{ name: "a.tf", text: "1" }, { name: "backend.tf", text: "b" }]); // prettier-ignore
    await writeFolder(folder, [{ name: "a.tf", text: "2" }]);
    assert.equal(await text("a.tf"), "2");
    assert.deepEqual((await fs.readdir(folder)).sort(), [RECORD, "a.tf"]);
  });

  it("keeps a file that somebody changed, and says which", async () => {
    await writeFolder(folder, [{ name: "a.tf", text: "1" }, { name: "b.tf", text: "1" }]); // prettier-ignore
    await fs.writeFile(path.join(folder, "b.tf"), "mine");
    const again = [{ name: "a.tf", text: "2" }, { name: "b.tf", text: "2" }]; // prettier-ignore
    await assert.rejects(
      writeFolder(folder, again),
      (error) => withCode("folder-edited")(error) && /b\.tf/.test(String(error)),
    );
    assert.equal(await text("a.tf"), "1");
    assert.equal(await text("b.tf"), "mine");
  });

  it("of somebody else is left alone", async () => {
    await fs.writeFile(path.join(folder, "notes.txt"), "mine");
    await assert.rejects(writeFolder(folder, [{ name: "a.tf", text: "1" }]), withCode("folder-foreign"));
    assert.deepEqual(await fs.readdir(folder), ["notes.txt"]);
  });

  it("with a record that leads out of it is refused", async () => {
    await fs.writeFile(path.join(folder, RECORD), JSON.stringify({ files: { "../x": [] } }));
    await assert.rejects(writeFolder(folder, [{ name: "a.tf", text: "1" }]), withCode("folder-edited"));
  });

  it("is still ours after a write that broke off", async () => {
    await writeFolder(folder, [{ name: "a.tf", text: "1" }]);
    const record = JSON.parse(await text(RECORD)) as { files: Record<string, string[]> };
    await fs.rm(path.join(folder, "a.tf"));
    await fs.writeFile(path.join(folder, RECORD), JSON.stringify(record));
    await writeFolder(folder, [{ name: "a.tf", text: "2" }]);
    assert.equal(await text("a.tf"), "2");
  });
});
