import { createRequire } from "node:module";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type * as Reader from "@actions/workflow-parser";
import esbuild from "esbuild";

let reader: Promise<typeof Reader> | undefined;

/** GitHub's own reader of workflows. It imports JSON as Node does not, so it is bundled first. */
async function load(): Promise<typeof Reader> {
  const folder = await mkdtemp(path.join(tmpdir(), "trainyard-reader-"));
  try {
    const outfile = path.join(folder, "reader.cjs");
    const entryPoints = ["@actions/workflow-parser"];
    await esbuild.build({ entryPoints, outfile, bundle: true, platform: "node", format: "cjs", logLevel: "warning" });
    return createRequire(import.meta.url)(outfile) as typeof Reader;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What GitHub says is wrong with a workflow's text: its keys, its values and its expressions. */
export async function workflowErrors(content: string): Promise<readonly string[]> {
  const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await (reader ??= load());
  const { context, value } = parseWorkflow({ name: "workflow.yml", content }, new NoOperationTraceWriter());
  if (value !== undefined) await convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map(({ message }) => message);
}
