// Messages between the page on which a notebook is made and the extension.
import * as v from "valibot";
import type { FormChoices, FormMessage, FormPreview } from "../core/formHost.ts";

const line = v.pipe(v.string(), v.maxLength(4_096));
/** Several entries, one a line. */
const lines = v.pipe(v.string(), v.maxLength(32_768));

export const SERVERS = ["jupyter", "group-one", "group-two"] as const;

/** Everything as a person writes it; "" is what was left out. Read by notebooks/form. */
export const NotebookFormSchema = v.strictObject({
  name: line,
  /** JupyterLab, code-server or RStudio, as the annotation of a notebook calls them. */
  server: v.picklist(SERVERS),
  image: line,
  cpu: line,
  memory: line,
  /** "" for the spawner's factor of what is asked for. */
  cpuLimit: line,
  memoryLimit: line,
  gpus: line,
  /** Name of the resource. */
  gpuVendor: line,
  workspace: v.picklist(["new", "existing", "none"]),
  /** Of a new one; "" for the spawner's, and `{notebook-name}` stands for the notebook's. */
  workspaceName: line,
  workspaceSize: line,
  /** "" for the cluster's default. */
  workspaceClass: line,
  workspaceClaim: line,
  workspacePath: line,
  /** `claim:/path`, `claim:/path:ro`, or of a new one `name=10Gi:/path`, `name=10Gi/class:/path:rwx`. */
  volumes: lines,
  shm: v.boolean(),
  /** Labels by which PodDefaults choose, `key=value,key=value` each. */
  configurations: v.pipe(v.array(line), v.maxLength(100)),
  /** Keys of the spawner's groups. */
  tolerations: line,
  affinity: line,
  /** `NAME=value`, the value in double quotes as JSON has them where it needs them; `NAME=secret:name/key` for a Secret’s. */
  env: lines,
  serviceAccount: line,
});
export type NotebookForm = v.InferOutput<typeof NotebookFormSchema>;
export type NotebookField = keyof NotebookForm;

/** From the page. Anything else is refused, see panels/. */
export const FromNotebookFormSchema = v.variant("type", [
  /** The page is drawn and wants all that is known. */
  v.strictObject({ type: v.literal("ready") }),
  /** The form changed; answered by `preview` with the same `seq`. */
  v.strictObject({ type: v.literal("change"), seq: v.pipe(v.number(), v.integer()), form: NotebookFormSchema }),
  /** Fill the form in as that notebook is; "" for the spawner's own. */
  v.strictObject({ type: v.literal("like"), name: line }),
  v.strictObject({ type: v.literal("run") }),
  /** Ask the cluster once more. */
  v.strictObject({ type: v.literal("check") }),
  /** Show the manifest in an editor. */
  v.strictObject({ type: v.literal("open") }),
  /** Press the button of what was found, counted from 0. */
  v.strictObject({ type: v.literal("next"), finding: v.pipe(v.number(), v.integer()) }),
]);
export type FromNotebookForm = v.InferOutput<typeof FromNotebookFormSchema>;

/** What a field may hold; `like`: notebooks that are there. */
export type NotebookChoices = FormChoices<NotebookField, "like">;

export interface NotebookPreview extends FormPreview<NotebookField> {
  /** YAML; that of the last form without problems. */
  readonly manifest: string;
  /** What a press of the button makes, in a line. */
  readonly summary: string;
}

export interface NotebookSubject {
  readonly place: string;
  /** Where the form's offers and defaults come from, in a sentence. */
  readonly source: string;
  /** Name of the notebook that the form was filled in after; "" for none. */
  readonly like: string;
  /** What of it was not taken over. */
  readonly left: readonly string[];
  /** Fields that the cluster's administrators have decided. */
  readonly locked: readonly NotebookField[];
}

/** To the page. */
export type ToNotebookForm =
  | {
      readonly type: "init";
      readonly subject: NotebookSubject;
      readonly form: NotebookForm;
      readonly preview: NotebookPreview;
    }
  | { readonly type: "choices"; readonly choices: NotebookChoices }
  | FormMessage<NotebookField, NotebookPreview>;
