// Everything that makes clusters, on real Terraform without providers, with stand-ins for the clouds' programs and a
// double of the cluster's API. What a test and a resource's command tell each other are files of the folder.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import type { Wish } from "../../src/contract/wish.ts";
import type { FromWizard, ToWizard, WizardState } from "../../src/contract/wizard.ts";
import { errorText } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/log.ts";
import { StandIns } from "../../src/provision/existing/testing/standIns.ts";
import type { FlowPorts, Release } from "../../src/install/index.ts";
import { Installers } from "../../src/install/installers.ts";
import { MemorySecrets } from "../../src/install/testing/memorySecrets.ts";
import type { Desk } from "../../src/provision/index.ts";
import { Provisioning } from "../../src/provision/provisioning.ts";
import type { Wizard } from "../../src/provision/wizard/wizard.ts";
import { ROOT } from "../../scripts/build.ts";
import { Clients } from "../../scripts/proveCloudHost.ts";
import { until } from "../editor/until.ts";
import { aWish } from "./cloudParts.ts";
import type { FakeCluster } from "./fakeCluster.ts";
import { KEEPER } from "./runnerFixture.ts";

/** What a resource's command does: says that it began, waits while `hold` is there, fails with the text of `fail`. */
const command = (root: string, name: string): string =>
  `cd '${root}'; touch '${name}.begun'; while [ -e '${name}.hold' ]; do sleep 0.05; done; if [ -e '${name}.fail' ]; then cat '${name}.fail'; exit 1; fi`;

/** Things with the dependencies of a real cluster; what of the wish changes them is their input. */
const mainFile = (root: string): string => `
resource "terraform_data" "network" { input = var.name }
resource "terraform_data" "cluster" {
  input = { name = terraform_data.network.output, root = "${root}" }
  provisioner "local-exec" { command = "${command(root, "cluster")}" }
  provisioner "local-exec" {
    when    = destroy
    command = "${command(root, "destroy")}"
  }
}
resource "terraform_data" "cpu" { input = "\${terraform_data.cluster.output.name} \${var.cpu_pool.max_nodes}" }
resource "terraform_data" "gpu" {
  count            = var.gpu_pool == null ? 0 : 1
  input            = terraform_data.cluster.output.name
  triggers_replace = var.zones
  provisioner "local-exec" { command = "${command(root, "gpu")}" }
}
`;

/** A desk that writes everything down; a test says what the person answers. */
export class FakeDesk implements Desk {
  readonly said: string[] = [];
  readonly texts: string[] = [];
  agrees = true;

  showText(title: string, text: string): void {
    this.said.push(`text ${title}`);
    this.texts.push(text);
  }
  openExternal(url: string): void {
    this.said.push(`open ${url}`);
  }
  copy(text: string): void {
    this.said.push(`copy ${text}`);
  }
  runInTerminal(_title: string, file: string, args: readonly string[]): void {
    this.said.push(`terminal ${[path.basename(file), ...args].join(" ")}`);
  }
  pickFolder(): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }
  confirm(question: string): Promise<boolean> {
    this.said.push(`confirm ${question}`);
    return Promise.resolve(this.agrees);
  }
  added({ context }: { readonly context: string }): Promise<void> {
    this.said.push(`added ${context}`);
    return Promise.resolve();
  }
  removed({ context }: { readonly context: string }): Promise<void> {
    this.said.push(`removed ${context}`);
    return Promise.resolve();
  }
  reveal(context: string): void {
    this.said.push(`reveal ${context}`);
  }
  run(name: string): Promise<void> {
    this.said.push(`run ${name}`);
    return Promise.resolve();
  }
  openDashboard(context: string): Promise<void> {
    this.said.push(`dashboard ${context}`);
    return Promise.resolve();
  }
  fail(error: unknown): void {
    this.said.push(`fail ${errorText(error)}`);
  }
  tell(message: string): void {
    this.said.push(`tell ${message}`);
  }
}

/** Where stand-ins, templates and records of one test are; may be opened by another process. */
export class MakingScene {
  readonly folder: string;
  readonly storage: string;
  readonly env: NodeJS.ProcessEnv;
  readonly secrets = new MemorySecrets();
  /** Releases of Kubeflow that windows of the scene know. */
  releases: readonly Release[] = [];
  readonly #held: { dispose(): void }[] = [];
  #programs: StandIns | undefined;

  /** `folder`: of stand-ins that are there; `terraform`: path of the program. */
  constructor(folder: string, terraform: string) {
    this.folder = folder;
    this.storage = path.join(folder, "storage");
    writeFileSync(path.join(folder, "terraformrc"), "");
    const tools = [path.join(folder, "bin"), path.dirname(terraform), "/usr/bin", "/bin"].join(path.delimiter);
    this.env = {
      ...{ PATH: tools, HOME: folder, SHELL: "", KUBECONFIG: path.join(folder, "theirs") },
      TF_CLI_CONFIG_FILE: path.join(folder, "terraformrc"),
    };
  }

  static make(terraform: string, cluster: FakeCluster): MakingScene {
    const programs = new StandIns();
    const scene = new MakingScene(programs.folder, terraform);
    scene.#programs = programs;
    for (const cloud of ["gke", "eks"]) {
      const folder = path.join(scene.templates, cloud);
      mkdirSync(folder, { recursive: true });
      for (const name of ["variables.tf", "catalogue.tf"])
        cpSync(path.join(ROOT, "media", "terraform", cloud, name), path.join(folder, name));
      writeFileSync(path.join(folder, "main.tf"), cloud === "gke" ? mainFile(scene.folder) : "");
    }
    const config = (user: object, name = "ml-team"): string =>
      JSON.stringify({
        ...{ apiVersion: "v1", kind: "Config" },
        clusters: [{ name: "c", cluster: { server: cluster.url } }],
        users: [{ name: "u", user }],
        contexts: [{ name, context: { cluster: "c", user: "u" } }],
      });
    const exec = { apiVersion: "client.authentication.k8s.io/v1beta1", command: "gke-gcloud-auth-plugin" };
    scene.programs.add(
      "gcloud",
      `if (is("container", "clusters", "get-credentials")) {
         const file = ${JSON.stringify(scene.mark("gcloud.fail"))};
         if (fs.existsSync(file)) fail("ERROR: (gcloud.container) " + fs.readFileSync(file, "utf8"));
         fs.writeFileSync(process.env.KUBECONFIG, ${JSON.stringify(config({ exec }))});
       } else if (is("compute", "disks", "list") && fs.existsSync(${JSON.stringify(scene.mark("disk"))})) {
         out([{ name: "pvc-1", zone: "z/us-central1-a" }]);
       } else out([]);`,
    );
    scene.programs.add(
      "gke-gcloud-auth-plugin",
      `out({ apiVersion: "client.authentication.k8s.io/v1beta1", kind: "ExecCredential", status: { token: "abc" } })`,
    );
    scene.programs.add(
      "k3d",
      `const file = ${JSON.stringify(scene.mark("k3d.json"))};
       const have = () => fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : [];
       if (is("cluster", "list")) out(have().map((name) => ({ name, serversRunning: 1 })));
       else if (is("cluster", "create")) {
         fs.writeFileSync(file, JSON.stringify([...have(), args[2]]));
         console.log("INFO[0000] Creating node 'k3d-lab-server-0'");
         process.on("SIGINT", () => process.exit(130));
         const wait = () => fs.existsSync(${JSON.stringify(scene.mark("k3d.hold"))}) && setTimeout(wait, 50);
         wait();
       } else if (is("cluster", "delete")) fs.writeFileSync(file, JSON.stringify(have().filter((name) => name !== args[2])));
       else if (is("kubeconfig")) console.log(${JSON.stringify(config({ token: "abc" }, "k3d-lab"))});`,
    );
    return scene;
  }

  get programs(): StandIns {
    if (this.#programs === undefined) throw new Error("They are another process's.");
    return this.#programs;
  }

  get templates(): string {
    return path.join(this.folder, "templates");
  }

  mark(name: string): string {
    return path.join(this.folder, name);
  }

  /** Makes a file that a stand-in or a resource's command looks for. */
  set(name: string, text = ""): void {
    writeFileSync(this.mark(name), text);
  }

  clear(name: string): void {
    rmSync(this.mark(name), { force: true });
  }

  begun(name: string): Promise<boolean> {
    return until(`${name} has begun`, () => Promise.resolve(existsSync(this.mark(`${name}.begun`))), Boolean);
  }

  /** As one window composes it. */
  window(desk: Desk = new FakeDesk()): Provisioning {
    const { env, storage } = this;
    const { platform } = process;
    const clients = new Clients(path.join(storage, "kubeconfigs"), env);
    const made = new Provisioning({
      ...{ version: "1.0.0", env, platform, storage, templates: this.templates, keeper: KEEPER, desk },
      ...{ terraformPath: () => "", log: silentLogger },
      client: (context, signal) => clients.get(context, signal),
      kubeflow: () => Promise.resolve(this.#kubeflow(clients)),
    });
    this.#held.push(made, clients);
    return made;
  }

  /** Kubeflow's installer as the editor composes it; its release is the tests' (`kubeflowFolder`). */
  #kubeflow(clients: Clients): FlowPorts {
    const { env, storage } = this;
    const options = { env, platform: process.platform, storage, proxy: () => undefined, log: silentLogger };
    return {
      installers: new Installers({ ...options, secrets: this.secrets, releases: this.releases }),
      secrets: this.secrets,
      client: (context, signal) => clients.get(context, signal),
      sample: () => Promise.reject(new Error("there is no job here")),
      fail: (error) => {
        throw error;
      },
      onInstall: () => undefined,
      showAccounts: () => Promise.resolve(),
    };
  }

  remove(): void {
    for (const name of readdirSync(this.folder)) if (name.endsWith(".hold")) this.clear(name);
    for (const held of this.#held) held.dispose();
    this.#programs?.remove();
  }
}

/** The page: keeps what it is told. */
export class FakePage {
  readonly wizard: Wizard;
  readonly told: ToWizard[] = [];
  readonly #phases: string[] = [];

  constructor(wizard: Wizard) {
    this.wizard = wizard;
    wizard.start((message) => {
      this.told.push(message);
      if (message.type === "state" && this.#phases.at(-1) !== message.state.phase)
        this.#phases.push(message.state.phase);
    }, undefined);
  }

  /** Phases in the order in which they were told. */
  get phases(): readonly string[] {
    return this.#phases;
  }

  get state(): WizardState {
    return this.wizard.making.state;
  }

  get next(): readonly string[] {
    return this.state.outcome?.next ?? this.state.planFailure?.next ?? [];
  }

  say(message: FromWizard): Promise<void> {
    return this.wizard.receive(message);
  }

  /** Presses a button of the outcome, of the plan's failure or of a step. */
  press(next: string, step = this.state.outcome === undefined ? "plan" : "outcome"): Promise<void> {
    return this.say({ type: "next", step, next });
  }

  reaches(phase: WizardState["phase"]): Promise<WizardState> {
    return until(
      `the page shows ${phase}`,
      () => Promise.resolve(this.state),
      (state) => state.phase === phase,
    );
  }

  steps(): readonly string[] {
    return this.state.steps.map(({ id, state }) => `${id} ${state}`);
  }
}

export const gkeWish = (change: Parameters<typeof aWish>[1] = {}): Wish =>
  aWish("gke", { ...change, gke: { project: "proj-12", protect: false, ...change.gke } });
export const localWish = (): Wish => aWish("local", { name: "lab", local: { tool: "k3d", cpus: 4, memoryGiB: 8 } });
