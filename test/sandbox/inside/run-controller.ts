// Starts a Kubeflow controller as a process: applies its manifests, gives it its own ServiceAccount's token and
// the certificate that it has its webhook serve, and waits until the API server gets an answer from it.
import fs from "node:fs";
import path from "node:path";
import * as v from "valibot";
import { okay, plural } from "../api.ts";
import type { Api, KubeObject } from "../api.ts";
import type { Controller } from "../controllers.ts";
import { kubeconfig } from "../kubeconfig.ts";
import { readObjects } from "../parts/manifests.ts";
import { endpoints } from "./objects.ts";
import { until } from "./processes.ts";
import type { Processes } from "./processes.ts";

// Longer than any sandbox lives: in a pod the kubelet would renew it.
const TOKEN_SECONDS = 365 * 24 * 3600;
const Token = v.object({ status: v.object({ token: v.string() }) });
const CertificateSecret = v.object({
  data: v.object({ "tls.key": v.string(), "ca.crt": v.string(), "tls.crt": v.string() }),
});
const Definition = v.object({
  status: v.object({ conditions: v.array(v.object({ type: v.string(), status: v.string() })) }),
});

export interface ControllerPlace {
  readonly api: Api;
  readonly processes: Processes;
  /** The beginning of every controller's command. */
  readonly runAs: readonly string[];
  /** Folder for its own files. */
  readonly folder: string;
  readonly server: string;
  readonly authority: string;
}

export async function applyManifests(api: Api, controller: Controller, file: string): Promise<void> {
  const { service, portName, port } = controller.webhook;
  const slice = endpoints(controller.namespace, service, [{ name: portName, port, protocol: "TCP" }]);
  await applyObjects(api, [...readObjects(file), slice]);
}

/** Namespaces and definitions first. */
export async function applyObjects(api: Api, objects: readonly KubeObject[]): Promise<void> {
  const isFirst = (object: KubeObject) => object.kind === "Namespace" || object.kind === "CustomResourceDefinition";
  await Promise.all(objects.filter(isFirst).map((object) => api.apply(object)));
  const definitions = objects.filter((object) => object.kind === "CustomResourceDefinition");
  await Promise.all(
    definitions.map((object) =>
      until(`${object.metadata.name} established`, 90, () => isEstablished(api, object.metadata.name)),
    ),
  );
  await Promise.all(objects.filter((object) => !isFirst(object)).map((object) => applySoon(api, object)));
}

/** The server may answer 404 for a moment where the kind was defined only now. */
function applySoon(api: Api, object: KubeObject): Promise<void> {
  return until(`${object.kind} ${object.metadata.name} applied`, 60, async () => {
    const answer = await api.tryApply(object);
    if (answer.code === 404) return JSON.stringify(answer.body);
    okay(answer, `applying ${object.kind} ${object.metadata.name}`);
    return true;
  });
}

async function isEstablished(api: Api, name: string): Promise<boolean> {
  const definition = v.safeParse(
    Definition,
    await api.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`),
  );
  return (
    definition.success &&
    definition.output.status.conditions.some(({ type, status }) => type === "Established" && status === "True")
  );
}

/** A token of a ServiceAccount, as the kubelet would give its pod. */
export async function accountToken(
  api: Api,
  namespace: string,
  account: string,
  audiences?: readonly string[],
): Promise<string> {
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: TOKEN_SECONDS, audiences },
  };
  const answer = await api.post(`/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, request);
  return v.parse(Token, answer).status.token;
}

/** @param program path of its executable */
export async function startController(place: ControllerPlace, controller: Controller, program: string): Promise<void> {
  const { api, folder } = place;
  const { name } = controller;
  const token = await accountToken(api, controller.namespace, controller.serviceAccount);
  const own = path.join(folder, name);
  const certificates = path.join(own, "certificates");
  fs.mkdirSync(certificates, { recursive: true });
  fs.mkdirSync(controller.webhook.folder, { recursive: true });
  const access = path.join(own, "kubeconfig");
  fs.writeFileSync(access, kubeconfig(name, place.server, place.authority, { token }), { mode: 0o600 });
  // Controllers share the fixed path of the certificates' folder: each sees its own there.
  const mount = ["sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', certificates, controller.webhook.folder];
  const covered = ["--mount", "--propagation", "private", ...mount];
  const flags = [...controller.flags, ...configFlag(own, controller.config)];
  place.processes.start(name, "unshare", [...covered, ...place.runAs, program, ...flags], { KUBECONFIG: access });

  await until(`${name} has made its certificate`, 60, () => copyCertificate(api, controller, certificates));
  await until(`${name} ready`, 60, () => answersOk(controller.ready));
  await until(`${name} answers the API server`, 30, () => letsPass(api, controller.probe));
}

function configFlag(folder: string, config: object | undefined): string[] {
  if (config === undefined) return [];
  const file = path.join(folder, "config.json");
  fs.writeFileSync(file, JSON.stringify(config));
  return [`--config=${file}`];
}

/** In a pod the kubelet keeps a Secret's content in a folder; here we copy it once the controller has made it. */
async function copyCertificate(api: Api, controller: Controller, folder: string): Promise<boolean> {
  const { namespace, webhook } = controller;
  const secret = v.safeParse(
    CertificateSecret,
    await api.get(`/api/v1/namespaces/${namespace}/secrets/${webhook.secret}`),
  );
  if (!secret.success) return false;
  // tls.crt comes last: the controller goes on as soon as it sees that one.
  for (const [name, content] of Object.entries(secret.output.data)) {
    const file = path.join(folder, name);
    fs.writeFileSync(`${file}.new`, Buffer.from(content, "base64"));
    fs.renameSync(`${file}.new`, file);
  }
  return true;
}

export async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function letsPass(api: Api, probe: KubeObject): Promise<true | string> {
  const { namespace = "default" } = probe.metadata;
  const answer = await api.send(
    "POST",
    `/apis/${probe.apiVersion}/namespaces/${namespace}/${plural(probe.kind)}?dryRun=All`,
    probe,
  );
  return answer.code === 201 || JSON.stringify(answer.body);
}
