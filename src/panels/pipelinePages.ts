// The tabs of pipelines: a graph, a run, and the form in which one is started. Of each there is one.
import * as v from "valibot";
import * as vscode from "vscode";
import { type FromPipeline, FromPipelineSchema, type ToPipeline } from "../contract/pipeline.ts";
import { type FromRunForm, FromRunFormSchema, RunFormSchema, type ToRunForm } from "../contract/runForm.ts";
import { PAGES } from "../manifest.ts";
import { OnePage, type PagesOptions } from "./onePage.ts";

const ServedSchema = v.strictObject({
  kind: v.picklist(["pipeline", "version", "run", "recurring"]),
  context: v.string(),
  namespace: v.string(),
  id: v.string(),
  /** The pipeline's, of a version. */
  parent: v.string(),
  name: v.string(),
});
/** Something at a server that can be run, or drawn: a row of a cluster's pipelines. */
export type Served = v.InferOutput<typeof ServedSchema>;

/** Where a run comes from. */
const SubjectSchema = v.variant("kind", [
  v.strictObject({ kind: v.literal("file"), file: v.string(), context: v.string(), namespace: v.string() }),
  ServedSchema,
]);
export type FormSubject = v.InferOutput<typeof SubjectSchema>;

const FormSchema = v.object({ subject: SubjectSchema, form: RunFormSchema });
const RunSchema = v.object({ context: v.string(), namespace: v.string(), id: v.string(), name: v.string() });
export type ShownRun = v.InferOutput<typeof RunSchema>;

/** A file, and which of its pipelines. */
const GraphSchema = v.variant("kind", [
  v.strictObject({ kind: v.literal("file"), file: v.string(), name: v.string() }),
  ServedSchema,
]);
type ShownGraph = v.InferOutput<typeof GraphSchema>;

export class GraphPages extends OnePage<ShownGraph, FromPipeline, ToPipeline> {
  constructor(options: PagesOptions) {
    super(options, {
      ...{ viewType: PAGES.pipeline, page: "pipeline", column: vscode.ViewColumn.Beside },
      parse: (data) => v.parse(FromPipelineSchema, data),
      ...{ memoryKey: "trainyard.pipeline.graph", kept: GraphSchema },
    });
  }
}

export class RunPages extends OnePage<ShownRun, FromPipeline, ToPipeline> {
  constructor(options: PagesOptions) {
    super(options, {
      ...{ viewType: PAGES.run, page: "pipeline", parse: (data) => v.parse(FromPipelineSchema, data) },
      ...{ memoryKey: "trainyard.run.shown", kept: RunSchema },
    });
  }
}

export class RunFormPages extends OnePage<v.InferOutput<typeof FormSchema>, FromRunForm, ToRunForm> {
  constructor(options: PagesOptions) {
    super(options, {
      ...{ viewType: PAGES.runForm, page: "runForm", parse: (data) => v.parse(FromRunFormSchema, data) },
      ...{ memoryKey: "trainyard.run.form", kept: FormSchema },
    });
  }
}
