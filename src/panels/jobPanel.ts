// The tab in which a training job is configured. There is one: another file's takes its place.
import * as v from "valibot";
import * as vscode from "vscode";
import {
  type FromJobForm,
  FromJobFormSchema,
  type JobForm,
  JobFormSchema,
  type ToJobForm,
} from "../contract/jobForm.ts";
import { PAGES } from "../manifest.ts";
import { OnePage, type PagesOptions } from "./onePage.ts";

/** Forms of this window's folder by file, the one that is shown last. */
const KeptSchema = v.array(v.object({ file: v.string(), form: JobFormSchema, time: v.number() }));
type Kept = v.InferOutput<typeof KeptSchema>;
const MOST_KEPT = 20;

export class JobPages extends OnePage<Kept, FromJobForm, ToJobForm> {
  constructor(options: PagesOptions) {
    super(options, {
      ...{ viewType: PAGES.job, page: "job", column: vscode.ViewColumn.Beside },
      parse: (data) => v.parse(FromJobFormSchema, data),
      ...{ memoryKey: "trainyard.job.forms", kept: KeptSchema },
    });
  }

  /** What was written for a file, and when (wall ms; 0: it is as it was shown). */
  formOf(file: string): Kept[number] | undefined {
    return this.shown?.find((kept) => kept.file === file);
  }

  keepForm(file: string, form: JobForm, time: number): void {
    const others = this.shown?.filter((kept) => kept.file !== file) ?? [];
    this.keep([...others, { file, form, time }].slice(-MOST_KEPT));
  }
}
