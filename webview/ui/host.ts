// The page's side of the line to the extension.

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export interface Host<From> {
  send(message: From): void;
  /** Kept by the editor over a reload of the window, and handed to the extension then. */
  keep(state: unknown): void;
  /** What was kept before, by this page or the one that was here when the tab was last shown. */
  kept(): unknown;
}

/**
 * Opens the line; once per page. `types` are the messages that the page knows: anything else is ignored, since a newer
 * extension may speak to a page that an older one left open.
 */
export function openHost<From, To extends { readonly type: string }>(
  types: readonly To["type"][],
  receive: (message: To) => void,
): Host<From> {
  const api = acquireVsCodeApi();
  window.addEventListener("message", (event: MessageEvent<unknown>) => {
    const { data } = event;
    const isMessage = (value: unknown): value is To =>
      typeof value === "object" && value !== null && "type" in value && types.some((type) => type === value.type);
    if (isMessage(data)) receive(data);
  });
  return {
    send: (message) => api.postMessage(message),
    keep: (state) => api.setState(state),
    kept: () => api.getState(),
  };
}
