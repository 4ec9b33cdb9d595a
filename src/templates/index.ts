// What the rest of the project uses of templates.
export { type CheckedTemplate, TemplateDesk, type TemplateManifest } from "./desk.ts";
export { type Answers } from "./fields.ts";
export { type Template } from "./template.ts";
