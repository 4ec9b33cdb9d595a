import axe from "axe-core";
import type { Page } from "playwright-core";

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

/** Rules that the rows of VS Code's own lists break, whatever stands in them. */
const EDITORS = ["aria-allowed-attr", "aria-prohibited-attr", "label-content-name-mismatch"];

/** What axe finds wrong with the page, or with what is ours in a part of the editor, a line each; shadow trees included. */
export async function violations(page: Pick<Page, "evaluate">, part?: string): Promise<string[]> {
  await page.evaluate(axe.source);
  const rules = part === undefined ? {} : Object.fromEntries(EDITORS.map((rule) => [rule, { enabled: false }]));
  const options = JSON.stringify({ resultTypes: ["violations"], rules });
  const found = await page.evaluate<{ violations: readonly Violation[] }>(
    `axe.run(${part === undefined ? "document" : JSON.stringify(part)}, ${options})`,
  );
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help} at ${JSON.stringify(target)} ${failureSummary ?? ""}`),
  );
}
