// What the rest of the project uses of notebooks.
export { keepWords, readCulling } from "./culling.ts";
export { NamespaceNotebooks } from "./namespaceNotebooks.ts";
export { NotebookDesk, type NotebookEditorPorts } from "./form/desk.ts";
export { type NotebookFormHost, type NotebookPlace } from "./form/host.ts";
export { type NotebookIdentity, startNotebook, stopNotebook } from "./notebookObjects.ts";
export { deleteNotebook, type MountedClaim, type NotebookClaims, notebookClaims } from "./notebookVolumes.ts";
export { restartNotebook } from "./restart.ts";
export { type NotebookState, type NotebookSummary } from "./notebookStatus.ts";
export { NotebookServers } from "./servers/notebookServers.ts";
