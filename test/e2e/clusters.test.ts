import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { parse } from "yaml";
import { StandIns } from "../../src/provision/existing/testing/standIns.ts";
import { Cleanup, bendKubeconfig, kubeconfigOf } from "../cluster/support.ts";
import type { Workbench } from "../editor/workbench.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { lookAtFailure, Stage } from "./support.ts";

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: object }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}

/** What gcloud and aws say of their clusters, each of which is the sandbox: `named` writes its kubeconfig, `token` signs in. */
const GCLOUD = `
if (is("config", "get-value")) console.log("ml-team-42");
else if (is("projects", "list")) out([{ projectId: "ml-team-42", name: "ML team" }]);
else if (is("container", "clusters", "list"))
  out([{ name: "prod", location: "us-central1", status: "RUNNING", currentMasterVersion: "1.35.8", currentNodeCount: 3 }]);
else if (is("container", "clusters", "get-credentials")) named(process.env.KUBECONFIG, "gke_ml-team-42_us-central1_prod", "gke-gcloud-auth-plugin");
else out([]);`;
const AWS = `
if (is("configure", "list-profiles")) console.log("research");
else if (is("configure", "get")) console.log("eu-west-1");
else if (is("ec2")) out({ Regions: [{ RegionName: "eu-west-1" }, { RegionName: "eu-north-1" }] });
else if (is("eks", "list-clusters")) out({ clusters: ["trainers"] });
else if (is("eks", "describe-cluster")) out({ cluster: { name: "trainers", status: "ACTIVE", version: "1.35" } });
else if (is("eks", "update-kubeconfig"))
  named(option("--kubeconfig"), "arn:aws:eks:eu-west-1:123456789012:cluster/trainers", "aws", "eks", "get-token");
else if (is("eks", "get-token")) token();
else out({});`;

describe("clusters of many places", () => {
  const cleanup = new Cleanup();
  let stage: Stage;
  let workbench: Workbench;

  before(async () => {
    const programs = new StandIns();
    cleanup.add(() => programs.remove());
    const config = parse(fs.readFileSync(kubeconfigOf("admin"), "utf8")) as Kubeconfig;
    const user = config.users[0].user;
    const plain = (key: string): string => Buffer.from(user[key] ?? "", "base64").toString();
    const version = "client.authentication.k8s.io/v1beta1";
    const status = {
      clientCertificateData: plain("client-certificate-data"),
      clientKeyData: plain("client-key-data"),
    };
    const token = `const token = () => out(${JSON.stringify({ apiVersion: version, kind: "ExecCredential", status })});`;
    const named = `const named = (file, name, command, ...args) => fs.writeFileSync(file, JSON.stringify({
      apiVersion: "v1", kind: "Config", clusters: [{ name, cluster: ${JSON.stringify(config.clusters[0].cluster)} }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      users: [{ name, user: { exec: { apiVersion: "${version}", command, args, interactiveMode: "Never" } } }],
    }));`;
    programs.add("gcloud", named + GCLOUD);
    programs.add("gke-gcloud-auth-plugin", `${token} token();`);
    programs.add("aws", named + token + AWS);
    const away = await bendKubeconfig(
      cleanup,
      kubeconfigOf("narrow"),
      ({ cluster }) => (cluster["server"] = "https://127.0.0.1:1"),
    );
    fs.writeFileSync(away, fs.readFileSync(away, "utf8").replace(/trainyard-[a-z0-9-]+/g, "away"));
    const env = {
      KUBECONFIG: [kubeconfigOf("admin"), away].join(path.delimiter),
      PATH: [programs.bin, process.env["PATH"] ?? ""].join(path.delimiter),
    };
    stage = await Stage.set("clusters", { settings: SANDBOX_SETTINGS, env });
    cleanup.add(() => stage.strike());
    workbench = stage.workbench;
    await workbench.openView("Kubeflow");
  });

  after(() => cleanup.run());

  afterEach(async function () {
    await lookAtFailure(this, stage);
    await workbench.page.keyboard.press("Escape");
  });

  const says = (pattern: RegExp) => workbench.treeRow(pattern).first().waitFor();

  /** *Add Cluster…*, and what is picked one after the other. */
  async function add(...picks: readonly string[]): Promise<void> {
    await workbench.palette("Kubeflow: Add Cluster…");
    for (const pick of picks) await workbench.pick(pick);
  }

  it("adds one from GKE, and opens it", async () => {
    await add("Google Kubernetes Engine…", "ml-team-42", "prod");
    await says(/^gke_ml-team-42_us-central1_prod, cluster, live, 1\.34/);
  });

  it("adds one from EKS, and opens it", async () => {
    await add("Amazon EKS…", "Default credentials", "eu-west-1", "trainers");
    await says(/^arn:aws:eks:eu-west-1:123456789012:cluster\/trainers, cluster, live, 1\.34/);
    await stage.look("added");
  });

  it("opens all of them at once", async () => {
    await workbench.viewMenu("Open All Clusters");
    await says(/^away, cluster, unreachable, .*, server 127\.0\.0\.1:1$/);
    await says(/^trainyard-[a-z0-9]+, cluster, live, 1\.34/);
    await stage.look("all");
  });

  it("groups those of one server, leaves a lone one alone, and ungroups them", async () => {
    await workbench.viewMenu("Arrange Rows…");
    await workbench.pick("Group clusters by server");
    await says(/^https:\/\/127\.0\.0\.1:\d\d+, server, 3 contexts/);
    assert.equal(await workbench.treeRow(/, server, \d context/).count(), 1);
    assert.ok(await workbench.treeRow(/^away, cluster/).isVisible());
    await stage.look("grouped");
    await workbench.viewMenu("Arrange Rows…");
    await workbench.pick("Show clusters ungrouped");
    await workbench
      .treeRow(/, server, /)
      .first()
      .waitFor({ state: "detached" });
    assert.ok(await workbench.treeRow(/^away, cluster/).isVisible());
  });
});
