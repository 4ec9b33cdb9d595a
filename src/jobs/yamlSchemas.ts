// The clusters' own schemas of jobs, for the YAML extension.
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { YamlApi } from "../core/yamlApi.ts";
import type { KubeClient } from "../kube/client.ts";
import { kindOf } from "../kubeflow/jobKinds.ts";
import { editorSchema, readJobSchema } from "./schema.ts";
import type { LaunchKind } from "./spec.ts";

export interface SchemaSources {
  /** Text of an open document; undefined where there is none. */
  readonly textOf: (resource: string) => string | undefined;
  /** Connected clusters that have the kind. Asks none. */
  readonly clusters: (kind: LaunchKind) => readonly { readonly context: string; readonly client: KubeClient }[];
  readonly log: Logger;
}

export const SCHEMA_SCHEME = "trainyard";
const KINDS: readonly LaunchKind[] = ["PyTorchJob", "TrainJob"];

const TEXTS = new WeakMap<object, string>();

/** A document of the two kinds gets the schema of a cluster that is connected; without one it gets none. */
export function contributeSchemas(api: YamlApi, { textOf, clusters, log }: SchemaSources): void {
  const addressOf = (resource: string): string | undefined => {
    const text = textOf(resource) ?? "";
    const kind = KINDS.find((candidate) => holds(text, candidate));
    const [cluster] = kind === undefined ? [] : clusters(kind);
    return cluster && `${SCHEMA_SCHEME}://schema/${encodeURIComponent(cluster.context)}/${kind ?? ""}`;
  };
  const contentOf = async (uri: string): Promise<string> => {
    const [name = "", kind] = uri.split("/").slice(-2);
    const known = KINDS.find((candidate) => candidate === kind);
    const cluster = known && clusters(known).find(({ context }) => context === decodeURIComponent(name));
    if (known === undefined || cluster === undefined) return "{}";
    try {
      const schema = await readJobSchema(cluster.client, known);
      const text = TEXTS.get(schema) ?? JSON.stringify(editorSchema(schema));
      TEXTS.set(schema, text);
      return text;
    } catch (error) {
      // Without a schema the document is only YAML to it, as before.
      log.debug(`the schema of ${known} in ${cluster.context}: ${errorText(error)}`);
      return "{}";
    }
  };
  if (!api.registerContributor(SCHEMA_SCHEME, addressOf, contentOf))
    log.warn("the YAML extension has another contributor of our name");
}

function holds(text: string, kind: LaunchKind): boolean {
  const { group, version } = kindOf(kind).resource;
  const line = (key: string, value: string): boolean =>
    new RegExp(`^${key}:\\s*["']?${value.replaceAll(".", "\\.")}["']?\\s*(?:#.*)?$`, "m").test(text);
  return line("apiVersion", `${group}/${version}`) && line("kind", kind);
}
