// Messages between the page of one training job and the extension: a form, what comes of it, and what the cluster says.
import * as v from "valibot";
import type { FormChoices, FormFinding, FormMessage, FormPreview } from "../core/formHost.ts";

const line = v.pipe(v.string(), v.maxLength(4_096));
/** Several entries, one a line. */
const lines = v.pipe(v.string(), v.maxLength(32_768));

/** Everything as a person writes it; "" is what was left out. Read by jobs/form. */
export const JobFormSchema = v.strictObject({
  context: line,
  namespace: line,
  kind: v.picklist(["PyTorchJob", "TrainJob"]),
  /** `ClusterTrainingRuntime/torch-distributed`; "" for the preferred one. */
  runtime: line,
  nodes: line,
  processes: line,
  gpus: line,
  cpu: line,
  memory: line,
  image: line,
  args: lines,
  code: v.picklist(["imports", "folder"]),
  installs: v.boolean(),
  output: line,
  /** `NAME=value`, the value in double quotes as JSON has them where it needs them. */
  env: lines,
  /** `NAME=secret/key` */
  secrets: lines,
  /** `claim:/path` or `claim:/path:ro` */
  volumes: lines,
  dataset: line,
  model: line,
  /** `label=value` */
  nodeSelector: lines,
  /** `key`, `key=value`, `key:effect`, `key=value:effect` */
  tolerations: lines,
  serviceAccount: line,
  queue: line,
  priority: line,
  /** Minutes; with a decimal point where it is not a whole number of them. */
  timeLimit: line,
  retries: line,
  /** Hours, likewise. */
  keepFor: line,
});
export type JobForm = v.InferOutput<typeof JobFormSchema>;
export type JobField = keyof JobForm;

/** From the page. Anything else is refused, see panels/. */
export const FromJobFormSchema = v.variant("type", [
  /** The page is drawn and wants all that is known. */
  v.strictObject({ type: v.literal("ready") }),
  /** The form changed; answered by `preview` with the same `seq`. */
  v.strictObject({ type: v.literal("change"), seq: v.pipe(v.number(), v.integer()), form: JobFormSchema }),
  v.strictObject({ type: v.literal("run") }),
  /** Ask the cluster once more. */
  v.strictObject({ type: v.literal("check") }),
  /** Show in an editor: the manifest to be changed by hand, or everything that is sent. */
  v.strictObject({ type: v.literal("open"), what: v.picklist(["manifest", "files"]) }),
  /** Keep the run under a name, for everyone with the folder. */
  v.strictObject({ type: v.literal("save") }),
  /** Press the button of what was found, counted from 0. */
  v.strictObject({ type: v.literal("next"), finding: v.pipe(v.number(), v.integer()) }),
]);
export type FromJobForm = v.InferOutput<typeof FromJobFormSchema>;

export type JobFinding = FormFinding<JobField>;

/** What a field may hold, as far as this cluster and this person's rights tell. A job in a queue has a priority of its own. */
export type JobChoices = FormChoices<JobField, "gpuTypes" | "queuePriority">;

/** What comes of the form as it stands. */
export interface JobPreview extends FormPreview<JobField> {
  /** YAML; that of the last form without problems. */
  readonly manifest: string;
  /** The run in one line. */
  readonly summary: string;
  /** `$1.04/h list`; "" where no price is known. */
  readonly price: string;
  /** What travels, in a line. */
  readonly files: string;
}

/** To the page. */
export type ToJobForm =
  | { readonly type: "init"; readonly file: string; readonly form: JobForm; readonly preview: JobPreview }
  | { readonly type: "choices"; readonly choices: JobChoices }
  | FormMessage<JobField, JobPreview>;
