// Stand-ins on the PATH for what cannot run here: the clouds' command lines, the providers' side of Terraform, and
// k3d with its engine. Terraform itself is the real one: it runs `terraform_data` in place of the cloud's resources, with
// the values that the wizard wrote. The cluster that comes of it is the sandbox.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { parse } from "yaml";
import { deleteObject } from "../../src/kube/anyObject.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import type { Cleanup } from "../cluster/support.ts";
import { ensureTerraform } from "../provision/program.ts";

/** Seconds that the stand-in of the control plane takes; for those whose making is interrupted, the second. */
const CONTROL_PLANE_S = [4, 20] as const;

/** Its resources are named as in media/terraform, so that the page shows a timeline that looks like one. */
const FIXTURE = `
variable "name" { type = string }
resource "terraform_data" "network" {
  input = var.name
}
resource "terraform_data" "control_plane" {
  input = terraform_data.network.id
  provisioner "local-exec" { command = "sleep \${contains(["slow", "halfway"], var.name) ? ${CONTROL_PLANE_S[1]} : ${CONTROL_PLANE_S[0]}}" }
}
resource "terraform_data" "cpu_pool" { input = terraform_data.control_plane.id }
resource "terraform_data" "gpu_pool" { input = terraform_data.control_plane.id }
output "cluster_name" { value = var.name }
`;

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

/** Writes the programs into `folder`; resolves to the variables that put them before all others. */
export async function cloudStandIns(folder: string, kubeconfig: string): Promise<Readonly<Record<string, string>>> {
  fs.mkdirSync(folder, { recursive: true });
  const real = await ensureTerraform();
  const config = parse(fs.readFileSync(kubeconfig, "utf8")) as Kubeconfig;
  const cluster = config.clusters[0]?.cluster ?? {};
  const user = config.users[0]?.user ?? {};
  const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 });
  fs.writeFileSync(path.join(folder, "fixture.tf"), FIXTURE);
  fs.writeFileSync(path.join(folder, "terraformrc"), "");
  write(
    "terraform",
    `#!/bin/sh
export TF_CLI_CONFIG_FILE=${folder}/terraformrc
case "$1" in
  version) exec ${real} "$@" ;;
  -chdir=*) cd "\${1#-chdir=}" && shift ;;
esac
mkdir -p ../fixture
cp ${folder}/fixture.tf ../fixture/main.tf
sed -n '/"name"/p' terraform.tfvars.json | head -1 | sed 's/^ *//; s/,$//; s/^/{/; s/$/}/' > ../fixture/terraform.tfvars.json
exec ${real} -chdir=../fixture "$@"
`,
  );
  const node = (name: string, text: string): void => write(name, `#!${process.execPath}\n${text}`);
  const credential = {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    kind: "ExecCredential",
    status: {
      clientCertificateData: Buffer.from(user["client-certificate-data"] ?? "", "base64").toString(),
      clientKeyData: Buffer.from(user["client-key-data"] ?? "", "base64").toString(),
    },
  };
  node("gke-gcloud-auth-plugin", `console.log(${JSON.stringify(JSON.stringify(credential))});\n`);
  node(
    "gcloud",
    `const args = process.argv.slice(2);
const fs = require("node:fs");
const flag = (name) => (args.find((one) => one.startsWith("--" + name + "=")) ?? "").split("=").slice(1).join("=");
const is = (...words) => words.every((word, index) => args[index] === word);
const answer = (value) => console.log(JSON.stringify(value));
if (is("version")) answer({ "Google Cloud SDK": "528.0.0" });
else if (is("auth", "list")) answer([{ account: "ada@example.com", status: "ACTIVE" }]);
else if (is("config")) console.log("ml-team-42");
else if (is("auth", "application-default")) console.log("stand-in");
else if (is("projects", "list")) answer([{ projectId: "ml-team-42", name: "ML team" }]);
else if (is("projects", "describe")) answer({ projectId: "ml-team-42", lifecycleState: "ACTIVE" });
else if (is("billing")) answer({ billingEnabled: true });
else if (is("container", "clusters", "get-credentials")) {
  const context = ["gke", flag("project"), flag("location") || flag("region"), args.slice(3).find((one) => !one.startsWith("-"))].join("_");
  const config = {
    apiVersion: "v1", kind: "Config", "current-context": context,
    clusters: [{ name: context, cluster: ${JSON.stringify(cluster)} }],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    users: [{ name: context, user: { exec: { apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "gke-gcloud-auth-plugin", provideClusterInfo: true, interactiveMode: "Never" } } }],
  };
  fs.writeFileSync(process.env.KUBECONFIG, JSON.stringify(config));
} else answer([]);
`,
  );
  node(
    "docker",
    `console.log(JSON.stringify({ NCPU: 16, MemTotal: 34359738368, Architecture: "x86_64", Driver: "overlay2",
  OSType: "linux", DockerRootDir: "/", Runtimes: { runc: {} } }));\n`,
  );
  node(
    "k3d",
    `const args = process.argv.slice(2);
const fs = require("node:fs");
const made = ${JSON.stringify(path.join(folder, "k3d.json"))};
const list = () => (fs.existsSync(made) ? JSON.parse(fs.readFileSync(made, "utf8")) : []);
const [noun, verb, name] = args;
if (noun === "version") console.log("k3d version v5.8.3\\nk3s version v1.33.6-k3s1 (default)");
else if (noun === "cluster" && verb === "list")
  console.log(JSON.stringify(list().map((one) => ({ name: one, serversCount: 1, serversRunning: 1, agentsCount: 0, nodes: [] }))));
else if (noun === "cluster" && verb === "create") {
  const given = args.find((one, index) => index > 1 && !one.startsWith("-") && !args[index - 1].startsWith("-")) ?? name;
  const named = args.includes("--config") ? JSON.parse("null") : given;
  for (const words of ["Prep: Network", "Created network 'k3d'", "Starting cluster"]) console.log("\\u001b[36mINFO\\u001b[0m[0000] " + words);
  setTimeout(() => {
    fs.writeFileSync(made, JSON.stringify([...list(), named ?? "kubeflow-01"]));
    console.log("\\u001b[36mINFO\\u001b[0m[0009] Cluster '" + (named ?? "kubeflow-01") + "' created successfully!");
  }, 2000);
} else if (noun === "cluster" && verb === "delete") fs.writeFileSync(made, "[]");
else if (noun === "kubeconfig") {
  const context = "k3d-" + name;
  console.log(JSON.stringify({ apiVersion: "v1", kind: "Config", "current-context": context,
    clusters: [{ name: context, cluster: ${JSON.stringify(cluster)} }],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    users: [{ name: context, user: ${JSON.stringify(user)} }] }));
}
`,
  );
  return { PATH: `${folder}${path.delimiter}${process.env["PATH"] ?? ""}` };
}

const CLASS: ResourceKind = {
  ...{ group: "storage.k8s.io", version: "v1", plural: "storageclasses", kind: "StorageClass" },
  namespaced: false,
};
const DAEMON_SET: ResourceKind = {
  ...{ group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet" },
  namespaced: true,
};

/** What a cloud's cluster has by itself, and the sandbox has not: a default StorageClass, the GPUs' device plugin. */
export async function cloudObjects(client: KubeClient, cleanup: Cleanup): Promise<void> {
  const make = async (kind: ResourceKind, object: KubeObject & Record<string, unknown>): Promise<void> => {
    const { metadata } = await client.create<KubeObject>(kind, object);
    cleanup.add(() => deleteObject(client, { resource: kind, namespace: "", ...metadata, uid: metadata.uid ?? "" }));
  };
  await make(CLASS, {
    ...{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass" },
    metadata: {
      name: "standard-rwo",
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: "stand-in.trainyard.local",
  });
  const labels = { app: "nvidia-gpu-device-plugin" };
  await make(DAEMON_SET, {
    ...{ apiVersion: "apps/v1", kind: "DaemonSet" },
    metadata: { name: "nvidia-gpu-device-plugin", namespace: "kube-system" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        // No node has this label: there is no GPU here.
        spec: {
          nodeSelector: { "cloud.google.com/gke-accelerator": "none" },
          containers: [{ name: "plugin", image: "stand-in/nvidia-gpu-device-plugin" }],
        },
      },
    },
  });
}
