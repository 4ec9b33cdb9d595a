// Runs inside the sandbox's namespaces: starts every program in order, keeps them in view, and ends, and with it
// everything, when one of them ends or the supervisor is gone. Argument: the sandbox's name.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import * as v from "valibot";
import { Api } from "../api.ts";
import { certificate } from "../certificates.ts";
import { CONTROLLERS } from "../controllers.ts";
import { writeInsideKubeconfig } from "../kubeconfig.ts";
import { API_PORT, NODE_NAME, layoutOf, linkOf } from "../layout.ts";
import { startArgo } from "./argo.ts";
import * as containers from "./containers.ts";
import * as control from "./control.ts";
import { startKwok } from "./kwok.ts";
import * as node from "./node.ts";
import { NotebookController } from "./notebookController.ts";
import { NOTEBOOK_ACCOUNT, notebookObjects } from "./notebookObjects.ts";
import { clusterDns, namespaces, userRoles } from "./objects.ts";
import { BUILT_IN_STAND_IN, IMAGES } from "../versions.ts";
import { asOwnUser, keepPodsIn, makeCgroups, network, privateFolders } from "./place.ts";
import { startPipelines } from "./pipelines.ts";
import { Processes, until } from "./processes.ts";
import { accountToken, answersOk, applyManifests, applyObjects, startController } from "./run-controller.ts";
import { Order, lineReader } from "./talk.ts";
import type { Report, ServerAct, StartOrder } from "./talk.ts";

const layout = layoutOf(process.argv[2] ?? "");
const server = `https://127.0.0.1:${API_PORT}`;
const pki = layout.certificates;
const authority = certificate(layout, "ca.crt");
const admin = { cert: certificate(layout, "admin.crt"), key: certificate(layout, "admin.key") };
const api = new Api({ host: "127.0.0.1", port: API_PORT, ca: authority, ...admin });
const begun = Date.now();

const tell = (report: Report) => process.stdout.write(JSON.stringify(report) + "\n");
const step = (text: string) =>
  tell({ what: "step", text: `${text} (after ${((Date.now() - begun) / 1000).toFixed(1)} s inside)` });
function fail(message: string): void {
  tell({ what: "failed", message });
  // The report has to leave the pipe before everything is gone.
  setTimeout(() => process.exit(1), 50);
}
const processes = new Processes(layout.logs, fail);
let startServer: (() => () => Promise<void>) | undefined;
let endServer: (() => Promise<void>) | undefined;
/** Where fake pods are said to be, in a cluster that has nothing else: a test's own programs listen there. */
let podsAtHost: string | undefined;

async function start(order: StartOrder): Promise<void> {
  if (order.parts === "empty") podsAtHost = linkOf(order.slot).host;
  await privateFolders(layout);
  await network(linkOf(order.slot));
  const [first, ...runAs] = asOwnUser(linkOf(order.slot));
  const program = (name: string, args: string[]) => processes.start(name, first, [...runAs, order.kubernetes, ...args]);
  processes.start("etcd", order.kubernetes, control.etcd());
  startServer = () => program("kube-apiserver", control.apiServer(pki));
  endServer = startServer();
  const store = order.node === undefined ? Promise.resolve() : imageStore(order.node);
  // Awaited further down; a failure before that must not count as unhandled.
  store.catch(() => undefined);

  await until("the API server ready", 90, () => api.isReady());
  step("API server ready");
  program(
    "kube-controller-manager",
    control.controllerManager(writeInsideKubeconfig(layout, "controller-manager", server), pki),
  );
  program("kube-scheduler", control.scheduler(writeInsideKubeconfig(layout, "scheduler", server)));
  const nodeReady =
    order.node === undefined
      ? Promise.resolve()
      : startNode(order.kubernetes, order.node, store, linkOf(order.slot).cgroup);
  const controllersReady = objects(order);
  await Promise.all([nodeReady, controllersReady]);
}

/** containerd with all images in its store. */
async function imageStore(parts: NonNullable<StartOrder["node"]>): Promise<void> {
  process.env["PATH"] = [...parts.programs, process.env["PATH"] ?? ""].join(path.delimiter);
  await keepPodsIn();
  const args = node.containerd(layout.run, parts.cni, await containers.snapshotterFor(layout.images));
  // Read by runc, which containerd starts.
  const begin = () =>
    processes.start("containerd", "containerd", args, { LD_LIBRARY_PATH: parts.libraries.join(path.delimiter) });
  const end = begin();
  await until("containerd answers", 30, () => containers.answers());
  if (await containers.removeOldContainers()) {
    await end();
    begin();
    await until("containerd answers", 30, () => containers.answers());
  }
  await containers.importImages(parts.images, layout.images, (image) => step(`importing ${image.name}`));
  await containers.nameAlso(IMAGES.torch, BUILT_IN_STAND_IN);
}

async function startNode(
  kubernetes: string,
  parts: NonNullable<StartOrder["node"]>,
  store: Promise<void>,
  cgroup: string,
): Promise<void> {
  await store;
  makeCgroups(cgroup);
  const kubelet = node.kubelet(layout.run, writeInsideKubeconfig(layout, "kubelet", server), pki, cgroup);
  processes.start("kubelet", kubernetes, kubelet);
  processes.start("kube-proxy", kubernetes, node.proxy(layout.run, writeInsideKubeconfig(layout, "proxy", server)));
  processes.start("coredns", parts.coredns, node.dns(layout.run, writeInsideKubeconfig(layout, "admin", server)));
  await Promise.all(clusterDns().map((object) => api.apply(object)));
  await until("the node ready", 60, nodeIsReady);
  await until("DNS ready", 30, () => answersOk("http://127.0.0.1:8181/ready"));
  step("node ready");
}

const Node = v.object({
  status: v.object({
    conditions: v.array(v.object({ type: v.string(), status: v.string(), lastHeartbeatTime: v.string() })),
  }),
});

/** Ready in this life: what etcd still holds from a former one does not count. */
async function nodeIsReady(): Promise<boolean> {
  const found = v.safeParse(Node, await api.get(`/api/v1/nodes/${NODE_NAME}`));
  if (!found.success) return false;
  const ready = found.output.status.conditions.find(({ type }) => type === "Ready");
  return ready?.status === "True" && Date.parse(ready.lastHeartbeatTime) >= Math.floor(begun / 1000) * 1000;
}

async function objects(order: StartOrder): Promise<void> {
  if (order.parts === "empty" || order.parts === "bare") return;
  await Promise.all(namespaces().map((object) => api.apply(object)));
  await Promise.all(userRoles().map((object) => api.apply(object)));
  const runAs = asOwnUser(linkOf(order.slot));
  const place = { api, processes, runAs, folder: layout.run, server, authority };
  const controllers = CONTROLLERS.map((controller) => {
    const made = order.controllers.find(({ name }) => name === controller.name);
    if (made === undefined) throw new Error(`the order to start names no program for ${controller.name}`);
    return { controller, ...made };
  });
  // All of them first: the Trainer watches JobSets, and ends where it finds no such kind.
  await Promise.all([
    ...controllers.map(({ controller, manifests }) => applyManifests(api, controller, manifests)),
    applyObjects(api, notebookObjects()),
  ]);
  step("manifests applied");
  await Promise.all([
    startNotebooks(),
    ...controllers.map(async ({ controller, program }) => {
      await startController(place, controller, program);
      step(`${controller.name} ready`);
    }),
  ]);
  await until("the default service accounts", 30, async () => {
    const accounts = namespaces().map(({ metadata }) =>
      api.get(`/api/v1/namespaces/${metadata.name}/serviceaccounts/default`),
    );
    return (await Promise.all(accounts)).every((account) => account !== undefined);
  });
}

/** It is part of this process: a program of its own would cost every start half a second. */
async function startNotebooks(): Promise<void> {
  const token = await accountToken(api, NOTEBOOK_ACCOUNT.namespace, NOTEBOOK_ACCOUNT.name);
  const log = path.join(layout.logs, "notebook-controller.log");
  const own = new Api({ host: "127.0.0.1", port: API_PORT, ca: authority, token });
  await new NotebookController(own, (line) => fs.appendFileSync(log, `${new Date().toISOString()} ${line}\n`)).start();
  step("notebook controller ready");
}

/** Each may be told twice: a test that failed in between clears up behind itself. */
async function disturbServer(act: ServerAct): Promise<void> {
  if (act === "compact") await control.compact();
  else if (act === "kill") {
    await endServer?.();
    endServer = undefined;
  } else {
    endServer ??= startServer?.();
    await until("the API server ready again", 60, () => api.isReady());
  }
}

async function pipelines(order: Extract<Order, { do: "pipelines" | "argo" }>): Promise<void> {
  const link = linkOf(order.slot);
  const own = { api, processes, runAs: asOwnUser(link), folder: layout.run, server, authority };
  const place = { ...own, user: link.user, step };
  if (order.do === "pipelines") return startPipelines(place, order);
  await containers.importImages(order.images, layout.images, (image) => step(`importing ${image.name}`));
  await startArgo(place, order);
}

async function obey(order: Order): Promise<void> {
  if (order.do === "start") await start(order);
  else if (order.do === "server") await disturbServer(order.act);
  else if (order.do === "pipelines" || order.do === "argo") await pipelines(order);
  else
    await startKwok(
      api,
      processes,
      order.program,
      writeInsideKubeconfig(layout, "admin", server),
      layout.run,
      order.stages,
      podsAtHost,
    );
  tell({ what: "done", order: order.do });
}

fs.mkdirSync(layout.run, { recursive: true });
fs.mkdirSync(layout.logs, { recursive: true });
process.stdin.setEncoding("utf8");
process.stdin.on(
  "data",
  lineReader(
    Order,
    (order) => {
      obey(order).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
    },
    (line) => fail(`the inside was told what it does not understand: ${line.slice(0, 200)}`),
  ),
);
// The supervisor is gone, killed perhaps: nothing may stay behind it.
process.stdin.on("end", () => process.exit(0));
process.stdout.on("error", () => process.exit(0));
tell({ what: "here" });
