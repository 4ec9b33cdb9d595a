// Stands in for the webhook servers of components whose pods are kwok's and answer nobody: admits everything, and fills
// in the certificate authority of every webhook configuration of a component, as its controller would. For the whole
// platform it plays other controllers too (controllers.ts).
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import type { RequestListener } from "node:http";
import https from "node:https";
import path from "node:path";
import { promisify } from "node:util";
import * as v from "valibot";
import type { KubeClient } from "../../src/kube/client.ts";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { builtIn } from "../../src/install/objects.ts";
import { list, record } from "../../src/kubeflow/read.ts";
import { isIssued, playControllers } from "./controllers.ts";
import { SMALL_NAMES } from "./smallRelease.ts";

const run = promisify(execFile);
/** Where the components' containers serve their webhooks. */
const PORTS = [9443, 8443, 4443, 10250, 15017];
const NAMESPACES = [
  ...["kubeflow", "kubeflow-system", "cert-manager", "istio-system", "knative-serving"],
  ...SMALL_NAMES.map((name) => `${name}-base`),
];
const PACE_MS = 200;
const ENDPOINTS = builtIn("discovery.k8s.io/v1", "endpointslices", "EndpointSlice");

const Review = v.looseObject({ request: v.looseObject({ uid: v.string() }) });
interface Configuration extends KubeObject {
  readonly webhooks?: readonly {
    readonly clientConfig: {
      readonly caBundle?: string;
      readonly service?: { readonly namespace: string; readonly name: string };
    };
  }[];
}

const hooks = (kind: string): ResourceKind => ({
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: `${kind.toLowerCase()}s`,
  kind,
  namespaced: false,
});
const KINDS = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"].map(hooks);

export class StandIn {
  /** Requests that the API server has asked about. */
  admitted = 0;
  /** False: certificates stay as they are, as of a controller that does not come up. */
  fills = true;
  /** True: plays the controllers of the whole platform, and nobody does anything before its own pods are ready. */
  platform = false;
  readonly #servers: readonly https.Server[];
  readonly #bundle: string;
  readonly #client: KubeClient;
  #ended = false;
  #filling: Promise<void> = Promise.resolve();

  private constructor(servers: readonly https.Server[], bundle: string, client: KubeClient) {
    this.#servers = servers;
    this.#bundle = bundle;
    this.#client = client;
  }

  /** @param address where the sandbox's fake pods are said to be; @param folder an empty one for its certificate */
  static async start(address: string, folder: string, client: KubeClient): Promise<StandIn> {
    const names = NAMESPACES.map((name) => `DNS:*.${name}.svc`).join(",");
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key"];
    await run(
      "openssl",
      [
        "req",
        "-x509",
        ...key,
        "-subj",
        "/CN=stand-in",
        "-addext",
        `subjectAltName=${names}`,
        "-days",
        "30",
        "-out",
        "cert",
      ],
      { cwd: folder },
    );
    const [cert, secret] = await Promise.all(["cert", "key"].map((name) => fs.readFile(path.join(folder, name))));
    const servers = PORTS.map(() => https.createServer({ cert, key: secret }));
    const standIn = new StandIn(servers, (cert ?? Buffer.alloc(0)).toString("base64"), client);
    const answer: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { uid } = v.parse(Review, JSON.parse(Buffer.concat(chunks).toString("utf8"))).request;
        standIn.admitted++;
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({
            apiVersion: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: { uid, allowed: true },
          }),
        );
      });
    };
    for (const [at, server] of servers.entries())
      await new Promise<void>((resolve, reject) => {
        server.on("request", answer).once("error", reject).listen(PORTS[at], address, resolve);
      });
    standIn.#filling = standIn.#fill();
    return standIn;
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#filling;
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #fill(): Promise<void> {
    while (!this.#ended) {
      try {
        if (this.fills) for (const kind of KINDS) await this.#fillAll(kind);
        if (this.platform) await playControllers(this.#client);
      } catch (error) {
        // It goes on when the server is back, and when another was quicker.
        if (isApiError(error, "Invalid", "BadRequest", "Forbidden")) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }

  async #fillAll(kind: ResourceKind): Promise<void> {
    const { items } = await this.#client.list<Configuration>(kind);
    for (const { metadata, webhooks = [] } of items) {
      if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === this.#bundle)) continue;
      if (this.platform && !(await this.#isDue(metadata, webhooks[0]?.clientConfig.service))) continue;
      const filled = webhooks.map((hook) => ({
        ...hook,
        clientConfig: { ...hook.clientConfig, caBundle: this.#bundle },
      }));
      await this.#client.json<unknown>({
        method: "PATCH",
        path: `/apis/${kind.group}/${kind.version}/${kind.plural}/${metadata.name}`,
        query: { fieldManager: "stand-in" },
        body: { metadata: { resourceVersion: metadata.resourceVersion }, webhooks: filled },
        contentType: "application/merge-patch+json",
      });
    }
  }

  /** By the certificate that cert-manager is asked to put in, else once somebody answers behind the Service. */
  async #isDue(
    { annotations }: KubeObject["metadata"],
    service: { readonly namespace: string; readonly name: string } | undefined,
  ): Promise<boolean> {
    const from = annotations?.["cert-manager.io/inject-ca-from"];
    if (from !== undefined) return isIssued(this.#client, from);
    const { namespace = "", name = "" } = service ?? {};
    const labelSelector = `kubernetes.io/service-name=${name}`;
    const { items } = await this.#client.list(ENDPOINTS, { namespace, labelSelector });
    const endpoints = items.flatMap((slice) => list(record(slice)["endpoints"]));
    return endpoints.some(({ conditions }) => record(conditions)["ready"] === true);
  }
}
