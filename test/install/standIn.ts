// Stands in for the webhook servers of components whose pods are kwok's and answer nobody: admits everything, and fills
// in the certificate authority of every webhook configuration of a component, as its controller would.
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import https from "node:https";
import path from "node:path";
import { promisify } from "node:util";
import * as v from "valibot";
import type { KubeClient } from "../../src/kube/client.ts";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";

const run = promisify(execFile);
/** Where the training components' containers serve their webhooks. */
const PORT = 9443;
const NAMESPACES = ["kubeflow", "kubeflow-system", "jobset-system", "small-base"];
const PACE_MS = 200;

const Review = v.looseObject({ request: v.looseObject({ uid: v.string() }) });
interface Configuration extends KubeObject {
  readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
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
  readonly #server: https.Server;
  readonly #bundle: string;
  readonly #client: KubeClient;
  #ended = false;
  #filling: Promise<void> = Promise.resolve();

  private constructor(server: https.Server, bundle: string, client: KubeClient) {
    this.#server = server;
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
    const server = https.createServer({ cert, key: secret });
    const standIn = new StandIn(server, (cert ?? Buffer.alloc(0)).toString("base64"), client);
    server.on("request", (request, response) => {
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
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(PORT, address, resolve);
    });
    standIn.#filling = standIn.#fill();
    return standIn;
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#filling;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #fill(): Promise<void> {
    while (!this.#ended) {
      try {
        if (this.fills) for (const kind of KINDS) await this.#fillAll(kind);
      } catch (error) {
        // It goes on when the server is back.
        if (isApiError(error) && error.status < 500 && error.status !== 404 && error.status !== 409) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }

  async #fillAll(kind: ResourceKind): Promise<void> {
    const { items } = await this.#client.list<Configuration>(kind);
    for (const { metadata, webhooks = [] } of items) {
      if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === this.#bundle)) continue;
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
}
