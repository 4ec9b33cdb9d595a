// What every page with a form that is planned and checked says.
import type { FormFinding } from "../../../src/core/formHost.ts";
import { plural } from "../../../src/core/text.ts";

export const LEVELS: Readonly<Record<FormFinding<string>["level"], string>> = {
  ok: "In order",
  unknown: "Not known",
  warning: "Warning",
  problem: "Problem",
};

export const WORDS = {
  none: "none",
  notFound: (value: string): string => `${value} (not found)`,
  use: (value: string, label: string): string => `Use ${value} for ${label}`,
  check: "Check Again",
  checks: "Checks",
  checking: "Asking the cluster…",
  checked: (problems: number, warnings: number, unknown: number): string =>
    problems + warnings === 0
      ? unknown === 0
        ? "Nothing stands in the way."
        : "Nothing that can be told stands in the way."
      : [problems > 0 && plural(problems, "problem"), warnings > 0 && plural(warnings, "warning")]
          .filter((part) => part !== false)
          .join(", "),
  unreadable: (problems: number): string => `${plural(problems, "problem")} in the form`,
  manifest: "Manifest",
  openManifest: "Edit as YAML",
  stale: "Of the last form that could be read.",
  locked: "The cluster’s administrators have decided this.",
} as const;
