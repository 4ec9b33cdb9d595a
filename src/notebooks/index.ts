// What the rest of the project uses of notebooks.
export { NamespaceNotebooks } from "./namespaceNotebooks.ts";
export { NotebookForwards, type OpenedNotebook } from "./notebookForwards.ts";
export { type NotebookIdentity, startNotebook, stopNotebook } from "./notebookObjects.ts";
export { type NotebookState, type NotebookSummary } from "./notebookStatus.ts";
