import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { ResourceKind } from "../kube/objects.ts";
import { list, record, text } from "../kubeflow/read.ts";
import { groupOf, type Ref } from "./objects.ts";

type Served = ReadonlyMap<string, ResourceKind>;

/** Which path a kind has in this cluster: asked by API discovery, once for each version of a group. */
export class Kinds {
  readonly #client: KubeClient;
  readonly #known = new Map<string, Promise<Served>>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Undefined where the cluster does not serve the kind; the next call asks anew then. Rejects as `KubeClient.json`. */
  async find({ apiVersion, kind }: Pick<Ref, "apiVersion" | "kind">): Promise<ResourceKind | undefined> {
    const asked = this.#known.get(apiVersion) ?? this.#ask(apiVersion);
    this.#known.set(apiVersion, asked);
    try {
      const found = (await asked).get(kind);
      if (found === undefined) this.#known.delete(apiVersion);
      return found;
    } catch (error) {
      this.#known.delete(apiVersion);
      throw error;
    }
  }

  /** As `find`; rejects with UserError `kind-missing`. */
  async get(ref: Pick<Ref, "apiVersion" | "kind">): Promise<ResourceKind> {
    const found = await this.find(ref);
    if (found !== undefined) return found;
    throw new UserError(
      "kind-missing",
      `The cluster does not know the kind ${label(ref.kind, 63)} of ${label(ref.apiVersion, 80)}.`,
    );
  }

  /** What is known of a group holds no more, such as after its definitions have gone. */
  forget(): void {
    this.#known.clear();
  }

  /** Whether the cluster serves what a definition (`plural.group`) defines: it is established then. */
  async isServed(definition: string, signal?: AbortSignal): Promise<boolean> {
    const at = definition.indexOf(".");
    const [plural, group] = [definition.slice(0, at), definition.slice(at + 1)];
    const versions = list(record(await this.#read(`/apis/${group}`, signal))["versions"]);
    for (const { groupVersion } of versions) {
      const served = record(await this.#read(`/apis/${text(groupVersion) ?? group}`, signal));
      if (list(served["resources"]).some(({ name }) => name === plural)) return true;
    }
    return false;
  }

  /** Not cancellable: who asks meanwhile shares it. */
  async #ask(apiVersion: string): Promise<Served> {
    const group = groupOf(apiVersion);
    const version = group === "" ? apiVersion : apiVersion.slice(group.length + 1);
    const answer = record(await this.#read(group === "" ? `/api/${version}` : `/apis/${group}/${version}`));
    const resources = list(answer["resources"]).flatMap(({ name, kind, namespaced }): ResourceKind[] => {
      const [plural, named] = [text(name), text(kind)];
      if (plural === undefined || named === undefined || plural.includes("/")) return [];
      return [{ group, version, plural, kind: named, namespaced: namespaced === true }];
    });
    return new Map(resources.map((resource) => [resource.kind, resource]));
  }

  /** Undefined where there is nothing at that path. */
  async #read(path: string, signal?: AbortSignal): Promise<unknown> {
    try {
      return await this.#client.json<unknown>({ method: "GET", path, signal });
    } catch (error) {
      if (isApiError(error) && error.status === 404) return undefined;
      throw error;
    }
  }
}
