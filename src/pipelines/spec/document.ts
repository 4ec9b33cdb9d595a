// A compiled pipeline as a text or as what a server answers, and what else such a thing may turn out to be.
import { createHash } from "node:crypto";
import { parseAllDocuments } from "yaml";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { type Json, record, text } from "../../kubeflow/read.ts";

export interface PipelineDocument {
  /** kfp's PipelineSpec as JSON. */
  readonly pipeline: Json;
  /** What only Kubernetes knows (secrets, volumes); empty where there is none. */
  readonly platform: Json;
}

/** The server takes no more than 32 MiB (pipelines 2.0.5 to 2.17.0: pipeline_upload_server.go). */
export const MAX_PIPELINE_BYTES = 32 * 1024 * 1024;
/** Aliases may repeat so much of a text, not fill the memory with it. */
const MAX_ALIASES = 100;

/**
 * Reads the YAML or JSON that an SDK writes. Throws UserError: `pipeline-yaml` where it is neither, `pipeline-v1` where
 * it is a pipeline of version 1, `pipeline-none` where it is none.
 */
export function parsePipeline(source: string): PipelineDocument {
  return pipelineDocument(...parsed(source));
}

/**
 * The same of parsed documents, or of a server's `pipeline_spec`, which may hold `pipeline_spec` and `platform_spec`.
 * Throws UserError as `parsePipeline` does.
 */
export function pipelineDocument(...values: readonly unknown[]): PipelineDocument {
  const all = values.map(record).flatMap((one) => {
    const inner = one["pipeline_spec"] ?? one["pipelineSpec"];
    return inner === undefined ? [one] : [record(inner), record(one["platform_spec"] ?? one["platformSpec"])];
  });
  const pipeline = all.find((one) => typeof one["root"] === "object" && typeof one["pipelineInfo"] === "object");
  if (pipeline === undefined) throw refusal(all);
  return { pipeline, platform: all.find((one) => typeof one["platforms"] === "object") ?? {} };
}

/**
 * The same for two texts that mean the same: comments, key order, the SDK's version and whether it is YAML or JSON, a
 * file or a server's answer make no difference. Hex of SHA-256. Throws UserError as the readers do.
 */
export function contentHash(pipeline: string | PipelineDocument): string {
  const { pipeline: spec, platform } = typeof pipeline === "string" ? parsePipeline(pipeline) : pipeline;
  const meaning = [{ ...spec, sdkVersion: undefined }, record(platform["platforms"])];
  return createHash("sha256").update(JSON.stringify(meaning, sorted)).digest("hex");
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parsed(source: string): readonly unknown[] {
  const wrong = (why: string): UserError =>
    new UserError("pipeline-yaml", "The pipeline cannot be read.", { why, hint: "Compile it again." });
  if (/^\s*\{/.test(source)) {
    try {
      return [JSON.parse(source)];
    } catch {
      // YAML that begins with a brace, or wrong in a way that the other reader has better words for.
    }
  }
  try {
    return [...parseAllDocuments(source, { merge: true, logLevel: "silent", uniqueKeys: false })].map((document) => {
      const mistake = document.errors[0];
      if (mistake !== undefined) throw mistake;
      return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
    });
  } catch (error) {
    throw wrong(label((error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "", 300));
  }
}

function refusal(all: readonly Json[]): UserError {
  const what = "This is not a compiled pipeline of Kubeflow Pipelines 2.";
  if (all.some((one) => text(one["apiVersion"])?.startsWith("argoproj.io/") && one["kind"] !== undefined))
    return new UserError("pipeline-v1", what, {
      why: "It is an Argo Workflow, which is what version 1 of the SDK compiles to.",
      hint: "Compile it with kfp 2 or newer.",
    });
  if (all.some((one) => one["implementation"] !== undefined))
    return new UserError("pipeline-none", what, {
      why: "It is a single component.",
      hint: "Compile a pipeline that uses it.",
    });
  return new UserError("pipeline-none", what, {
    why: "It has no root and no pipelineInfo.",
    hint: "Choose the file that the SDK’s compiler has written.",
  });
}
