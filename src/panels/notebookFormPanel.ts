// The tab in which a notebook is made. There is one: another place's takes its place.
import * as v from "valibot";
import {
  type FromNotebookForm,
  FromNotebookFormSchema,
  NotebookFormSchema,
  type ToNotebookForm,
} from "../contract/notebookForm.ts";
import { PAGES } from "../manifest.ts";
import { OnePage, type PagesOptions } from "./onePage.ts";

const KeptSchema = v.object({
  context: v.string(),
  namespace: v.string(),
  like: v.string(),
  making: v.string(),
  form: NotebookFormSchema,
});
export type KeptNotebook = v.InferOutput<typeof KeptSchema>;

export class NotebookFormPages extends OnePage<KeptNotebook, FromNotebookForm, ToNotebookForm> {
  constructor(options: PagesOptions) {
    super(options, {
      ...{ viewType: PAGES.notebookForm, page: "notebookForm" },
      parse: (data) => v.parse(FromNotebookFormSchema, data),
      ...{ memoryKey: "trainyard.notebook.form", kept: KeptSchema },
    });
  }
}
