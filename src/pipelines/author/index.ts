// What the rest of the project uses of New Pipeline from Files…
export { draftPipeline, PipelineDraft, type WrittenFile } from "./author.ts";
export { type Part, type RoleWish, type Step } from "./plan.ts";
export { readScripts } from "./readScripts.ts";
