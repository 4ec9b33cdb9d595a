import { stringify } from "yaml";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "./client.ts";
import { isApiError, isReplaced } from "./errors.ts";
import type { KubeObject, ResourceKind } from "./objects.ts";

export interface ObjectAt {
  readonly resource: ResourceKind;
  /** Undefined for what is in none. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/**
 * The object as YAML, without what only machines read. Characters that would reverse or hide text are written out.
 * Rejects with ApiError, ConnectError or CancelledError.
 */
export async function objectYaml(client: KubeClient, at: ObjectAt, signal?: AbortSignal): Promise<string> {
  const { metadata, ...rest } = await client.get<KubeObject>(at.resource, at.name, at.namespace, signal);
  return yamlOf({ ...rest, metadata: { ...metadata, managedFields: undefined } });
}

/** Anything of a cluster as YAML, in which nothing is reversed or hidden. */
export function yamlOf(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false }).replace(
    /[\u0080-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    written,
  );
}

/**
 * Deletes exactly this object with all that it owns. One that is gone already is as good. Rejects with UserError
 * `replaced` where another object has its name, and with an error of ours where no uid says which it is.
 */
export async function deleteObject(
  client: KubeClient,
  { resource, namespace, name, uid }: ObjectAt & { readonly uid: string },
  signal?: AbortSignal,
): Promise<void> {
  // Without one the server would delete whatever has the name.
  if (uid === "") throw new Error(`No uid says which ${resource.kind} ${name} is to be deleted.`);
  try {
    await client.delete(resource, name, namespace, uid, signal);
  } catch (error) {
    if (isApiError(error, "NotFound")) return;
    if (!isReplaced(error)) throw error;
    const now = await client.find(resource, name, namespace, signal);
    if (now === undefined) return;
    if (now.metadata.uid === uid) throw error;
    const why = "It was made anew meanwhile, and the new one was left alone.";
    throw new UserError("replaced", `${label(name, 63)} was not deleted.`, { why, cause: error });
  }
}

function written(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
