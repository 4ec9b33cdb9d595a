// Every file of a cluster's folder, as text.
import type { FileText } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { isUserError } from "../../core/errors.ts";
import type { Live } from "../plan/live.ts";
import { backendText } from "./backend.ts";
import { localFiles } from "./local.ts";
import type { Templates } from "./templates.ts";
import { variablesText } from "./variables.ts";

/** The plan file is named here too: it holds sensitive values in clear text. */
const GITIGNORE = `.terraform/
*.tfstate
*.tfstate.*
*.tfplan
crash.log
crash.*.log
`;

/**
 * The files that the wish leads to, sorted as they are shown. A wish that breaks rules has files too, for the preview;
 * they fail at the plan. Throws UserError `state-text` for a control character where no escape exists, or as localFiles.
 */
export function files(wish: Wish, templates: Templates, live: Live = {}): readonly FileText[] {
  if (wish.where === "local") return localFiles(wish).map((file) => marked(file, templates.version));
  const backend = backendText(wish);
  return [
    { name: "terraform.tfvars.json", text: variablesText(wish, live) },
    ...(backend === undefined ? [] : [marked({ name: "backend.tf", text: backend }, templates.version)]),
    ...templates[wish.where].map((file) => marked(file, templates.version)),
    { name: ".gitignore", text: GITIGNORE },
  ];
}

/** As `files`; none where a character cannot be written, of which a rule tells at its field. */
export function shownFiles(wish: Wish, templates: Templates, live: Live): readonly FileText[] {
  try {
    return files(wish, templates, live);
  } catch (error) {
    if (!isUserError(error)) throw error;
    return [];
  }
}

function marked({ name, text }: FileText, version: string): FileText {
  const words = `Trainyard for Kubeflow ${version}`;
  return { name, text: `${name.endsWith(".md") ? `<!-- ${words} -->` : `# ${words}`}\n\n${text}` };
}
