/** Whether a tab, by its input, is of a page of that type. VS Code puts words of its own before it (MainThreadWebviewPanels). */
export function isTabOf(input: unknown, viewType: string): boolean {
  const type: unknown = typeof input === "object" && input !== null && "viewType" in input ? input.viewType : undefined;
  return type === viewType || type === `mainThreadWebview-${viewType}`;
}

/**
 * Restores a page, as often as it is called, as it was when it was called first: a page that is opened since is
 * remembered in its place. Where `shownOf` rejects, it is asked once more.
 */
export function restoring<Shown>(
  shownOf: () => Promise<Shown>,
  restore: (shown: Shown) => Promise<void>,
): () => Promise<void> {
  let before: { readonly shown: Shown } | undefined;
  return async () => {
    before ??= { shown: await shownOf() };
    await restore(before.shown);
  };
}
