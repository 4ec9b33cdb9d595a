// Pipelines and their versions at the server: found, and uploaded where what they say is not there yet.
import { randomBytes } from "node:crypto";
import { errorCode, UserError } from "../core/errors.ts";
import { assertName } from "../kube/names.ts";
import { type Json, list, text } from "../kubeflow/read.ts";
import { readPipeline, readVersion } from "./model.ts";
import type { HttpBody } from "./podHttp.ts";
import { mayHaveArrived, type PipelineServer } from "./pipelineServer.ts";
import { contentHash, MAX_PIPELINE_BYTES, type PipelineDocument, pipelineDocument } from "./spec/document.ts";
import { specOf } from "./spec/read.ts";

/** A version of a pipeline at the server. */
export interface VersionReference {
  readonly pipeline: string;
  readonly version: string;
}

export interface Upload {
  readonly document: PipelineDocument;
  /** Of the pipeline, where it is not to be the one that is written in it. */
  readonly name?: string;
  /** Id of a pipeline that it is to be a version of. */
  readonly pipeline?: string;
  /** Of the version, where it is not the first one; made of the time where it is left out. */
  readonly version?: string;
  /** Whose pipeline it is; empty where the server keeps none apart. */
  readonly namespace: string;
}

export interface Uploaded extends VersionReference {
  readonly pipelineName: string;
  readonly versionName: string;
  /** False where a version with this very content was there. */
  readonly isNew: boolean;
}

/** Versions, newest first, in which the content is looked for. */
const MOST_COMPARED = 100;
const NOT_UPLOADED = "The pipeline was not uploaded.";
/** The server takes of a name: 128 characters, of which some may be of any kind (pipelines 2.17: model). */
const MOST_NAME = 128;

/**
 * Uploads a pipeline, or a version of one that is there by that name; nothing where the content is there already. An
 * interrupted upload is looked for before it is called failed. Rejects with UserError `pipeline-yaml`, `pipeline-v1`,
 * `pipeline-none`, `too-large`, `name`, `taken`, else as PipelineServer does.
 */
export async function uploadPipeline(
  server: PipelineServer,
  upload: Upload,
  now: number,
  signal: AbortSignal,
): Promise<Uploaded> {
  const { document, namespace } = upload;
  const source = textOf(document);
  const name = (upload.name ?? specOf(document).name).trim();
  if (name === "" || name.length > MOST_NAME)
    throw new UserError("name", NOT_UPLOADED, { why: `Its name has to have 1 to ${MOST_NAME} characters.` });
  assertSize(source);
  const hash = contentHash(document);
  const known = upload.pipeline ?? (await pipelineNamed(server, name, namespace, signal));
  const find = async (): Promise<Uploaded | undefined> =>
    sameContent(server, known ?? (await pipelineNamed(server, name, namespace, signal)), name, namespace, hash, signal);
  if (known === undefined) {
    const send = (): Promise<Json> => post(server, "/pipelines/upload", { name, namespace }, source, namespace, signal);
    const made = await orFound(send, find);
    if (isUploaded(made)) return { ...made, isNew: true };
    const [first] = await versions(server, text(made["pipeline_id"]) ?? "", namespace, signal, 1);
    if (first === undefined) throw new UserError("server-error", "The pipeline has no version after its upload.");
    const { version, versionName } = first;
    return { pipeline: text(made["pipeline_id"]) ?? "", pipelineName: name, version, versionName, isNew: true };
  }
  const same = await find();
  if (same !== undefined) return { ...same, isNew: false };
  const send = (version: string): Promise<Json | Uploaded> =>
    orFound(
      () => post(server, "/pipelines/upload_version", { pipelineid: known, name: version }, source, namespace, signal),
      find,
    );
  let versionName = (upload.version ?? stamp(now)).trim().slice(0, MOST_NAME);
  const made = await send(versionName).catch((error: unknown) => {
    // Somebody saved twice in one second.
    if (upload.version !== undefined || errorCode(error) !== "taken") throw error;
    versionName = `${versionName} ${hash.slice(0, 8)}`;
    return send(versionName);
  });
  if (isUploaded(made)) return { ...made, isNew: true };
  const version = readVersion(made);
  if (version === undefined) throw new UserError("server-error", "The server did not say which version it made.");
  return { pipeline: known, version: version.id, pipelineName: name, versionName, isNew: true };
}

/** `2026-11-30 14:05:09`: of versions and runs that are given no name; UTC, as the server has its times. */
export function stamp(now: number): string {
  return new Date(now).toISOString().slice(0, 19).replace("T", " ");
}

/** Of that name; undefined where there is none. Rejects as PipelineServer does. */
export async function pipelineNamed(
  server: PipelineServer,
  name: string,
  namespace: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  // Not by `/pipelines/names/…`: 2.0.5 answers that with its own failure.
  const filter = { predicates: [{ operation: "EQUALS", key: "name", string_value: name }] };
  const query = { page_size: "2", filter: JSON.stringify(filter), ...(namespace === "" ? {} : { namespace }) };
  const answer = await server.json("/pipelines", query, namespace, signal);
  const [first] = list(answer["pipelines"]);
  return first && readPipeline(first)?.id;
}

/** Ids and names of the newest versions, with their content as the server keeps it. Rejects as PipelineServer does. */
export async function versions(
  server: PipelineServer,
  pipeline: string,
  namespace: string,
  signal: AbortSignal,
  most = MOST_COMPARED,
): Promise<readonly { readonly version: string; readonly versionName: string; readonly spec: unknown }[]> {
  const path = `/pipelines/${assertName(pipeline)}/versions`;
  const query = { page_size: String(most), sort_by: "created_at desc" };
  const answer = await server.json(path, query, namespace, signal);
  return list(answer["pipeline_versions"]).flatMap((json) => {
    const version = readVersion(json);
    return version === undefined
      ? []
      : [{ version: version.id, versionName: version.name, spec: json["pipeline_spec"] }];
  });
}

/** What a version says. Rejects as PipelineServer does, with UserError as `pipelineDocument` does. */
export async function versionSpec(
  server: PipelineServer,
  { pipeline, version }: VersionReference,
  namespace: string,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly spec: unknown }> {
  const path = `/pipelines/${assertName(pipeline)}/versions/${assertName(version)}`;
  const answer = await server.json(path, {}, namespace, signal);
  return { name: readVersion(answer)?.name ?? version, spec: answer["pipeline_spec"] };
}

async function sameContent(
  server: PipelineServer,
  pipeline: string | undefined,
  pipelineName: string,
  namespace: string,
  hash: string,
  signal: AbortSignal,
): Promise<Uploaded | undefined> {
  if (pipeline === undefined) return undefined;
  const all = await versions(server, pipeline, namespace, signal);
  const same = all.find(({ spec }) => hashOf(spec) === hash);
  return same && { pipeline, pipelineName, version: same.version, versionName: same.versionName, isNew: true };
}

/** Undefined for what is none of ours, such as a pipeline of version 1. */
function hashOf(spec: unknown): string | undefined {
  try {
    return contentHash(pipelineDocument(spec));
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** What was made; where nobody knows whether it was, what is found of it. */
async function orFound(send: () => Promise<Json>, find: () => Promise<Uploaded | undefined>): Promise<Json | Uploaded> {
  try {
    return await send();
  } catch (error) {
    if (!mayHaveArrived(error)) throw error;
    const found = await find();
    if (found === undefined) throw error;
    return found;
  }
}

function isUploaded(made: Json | Uploaded): made is Uploaded {
  return "versionName" in made && "isNew" in made;
}

function post(
  server: PipelineServer,
  path: string,
  query: Readonly<Record<string, string>>,
  source: string,
  namespace: string,
  signal: AbortSignal,
): Promise<Json> {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
  return server.post(path, { query: given, body: formOf(source) }, NOT_UPLOADED, namespace, signal);
}

/** One file in the field `uploadfile` (pipelines: pipeline_upload_server.go). */
function formOf(source: string): HttpBody {
  const boundary = `trainyard-${randomBytes(12).toString("hex")}`;
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="uploadfile"; filename="pipeline.yaml"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head), Buffer.from(source), Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, bytes };
}

/** As a file: JSON, which is YAML. */
function textOf({ pipeline, platform }: PipelineDocument): string {
  return [pipeline, platform]
    .filter((one) => Object.keys(one).length > 0)
    .map((one) => JSON.stringify(one))
    .join("\n---\n");
}

function assertSize(source: string): void {
  const bytes = Buffer.byteLength(source);
  if (bytes <= MAX_PIPELINE_BYTES) return;
  throw new UserError("too-large", NOT_UPLOADED, {
    why: `It has ${Math.ceil(bytes / 2 ** 20)} MB, and the server takes 32.`,
    hint: "Code and data that are written into it belong into images or volumes.",
  });
}
