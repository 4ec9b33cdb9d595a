// What the rest of the project uses of notebooks.
export { NamespaceNotebooks, type NotebooksChange } from "./namespaceNotebooks.ts";
export { NotebookForwards, type OpenedNotebook } from "./notebookForwards.ts";
export { type NotebookIdentity, startNotebook, stopNotebook } from "./notebookObjects.ts";
export { gpuWords, type NotebookState, type NotebookSummary } from "./notebookStatus.ts";
