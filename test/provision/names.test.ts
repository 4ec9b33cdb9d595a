import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { checkNames, type ProviderNames, readText, readTerraform } from "./argumentNames.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");

async function namesOf(provider: string): Promise<ProviderNames> {
  const file = path.join(import.meta.dirname, "schemas", `${provider}.json`);
  return JSON.parse(await fs.readFile(file, "utf8")) as ProviderNames;
}

describe("argument names", () => {
  for (const [cloud, provider, least] of [
    ["gke", "google-6.50.0", 130],
    ["eks", "aws-6.25.0", 110],
    ["eks", "aws-6.66.0", 110],
  ] as const) {
    it(`of ${cloud} are all known to ${provider}`, async () => {
      const { written } = await readTerraform(path.join(ROOT, "media", "terraform", cloud));
      const { checked, unknown } = checkNames(written, await namesOf(provider));
      assert.deepEqual(unknown, []);
      assert.ok(checked >= least, `only ${checked} were checked`);
    });
  }

  for (const { what, text, at } of [
    { what: "an argument that is misspelt", text: "remove_defualt_node_pool = true", at: "remove_defualt_node_pool" },
    {
      what: "a misspelt argument of a block",
      text: "private_cluster_config {\n enable_private_node = true\n}",
      at: "private_cluster_config.enable_private_node",
    },
    { what: "a misspelt block", text: "workload_identity {\n}", at: "workload_identity" },
    {
      what: "a misspelt argument of a dynamic block",
      text: 'dynamic "master_authorized_networks_config" {\n for_each = []\n content {\n cidr_block {\n }\n }\n}',
      at: "master_authorized_networks_config.cidr_block",
    },
    {
      what: "an argument that only a newer provider has",
      text: "enable_k8s_tokens_via_dns = true",
      at: "enable_k8s_tokens_via_dns",
    },
  ]) {
    // prettier-ignore
    it(`are found where ${what} was planted`, async () => {
      const written = await readText("main.tf", `resource "google_container_cluster" "this" {\n${text}\n}\n`);
      const { unknown } = checkNames(written, await namesOf("google-6.50.0"));
      assert.deepEqual(unknown, [`main.tf: google_container_cluster.this.${at}`]);
    });
  }

  it("are found where a resource has another name", async () => {
    const written = await readText("main.tf", 'resource "aws_eks_addons" "this" {\n}\n');
    assert.deepEqual(checkNames(written, await namesOf("aws-6.66.0")).unknown, ["main.tf: aws_eks_addons.this"]);
  });
});
