import type { Check, FieldPath, Finding } from "../../contract/preview.ts";
import { CancelledError, errorText, isCancelled, isUserError, type UserError } from "../../core/errors.ts";
import { redact } from "../../core/redact.ts";
import { label } from "../../core/sanitize.ts";
import { INSTALL_PAGES, type ProgramName } from "../existing/programs.ts";
import { type SignIn, signInArgs } from "../existing/signIn.ts";

/** What a check's button does. `argv` begins with the program's name; no shell reads it. */
export type Fix =
  | { readonly title: string; readonly kind: "open"; readonly url: string }
  /** A sign-in that a person goes through in a terminal. */
  | { readonly title: string; readonly kind: "terminal"; readonly argv: Argv }
  | { readonly title: string; readonly kind: "copy"; readonly text: string }
  /** Run by us, then the checks once more. */
  | { readonly title: string; readonly kind: "run"; readonly argv: Argv }
  | {
      readonly title: string;
      readonly kind: "set";
      readonly field: FieldPath;
      readonly value: string | number | readonly string[];
    };

export type Argv = readonly [ProgramName, ...string[]];

export interface CheckOutcome {
  readonly state: "ok" | "warning" | "failed" | "skipped";
  /** What was found, with the numbers. */
  readonly detail: string;
  readonly fix?: Fix;
}

/** One line of the preflight; nothing runs before `run`. */
export interface PreflightLine {
  readonly id: string;
  readonly label: string;
  /** Program that this line is about: the other lines only say that they need it. */
  readonly about?: ProgramName;
  /** Sign-in that this line is about. */
  readonly signsIn?: boolean;
  /** May reject with whatever Programs throws: `runChecks` puts it into words. */
  run(signal: AbortSignal): Promise<CheckOutcome>;
}

export function lineOf(id: string, title: string, run: PreflightLine["run"]): PreflightLine {
  return { id, label: title, run };
}

/** A check with what its button does; the page is told the title alone. */
export interface CheckedLine extends Check {
  readonly does?: Fix;
}

/** Programs at a time: each is an interpreter that starts. */
const AT_ONCE = 6;

/**
 * Runs all lines, six at a time, and tells all states at each change. Rejects with CancelledError alone, when aborted.
 * `failed` is what stops a cluster from being made; `skipped` could not be asked for want of another line.
 */
export async function runChecks(
  lines: readonly PreflightLine[],
  onChange: (checks: readonly CheckedLine[]) => void,
  signal: AbortSignal,
): Promise<readonly CheckedLine[]> {
  const checks: CheckedLine[] = lines.map(({ id, label }) => ({ id, label, state: "waiting", detail: "" }));
  const put = (index: number, check: CheckedLine): void => {
    checks[index] = check;
    if (!signal.aborted) onChange([...checks]);
  };
  const waiting = [...lines.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (signal.aborted) throw new CancelledError();
      const [index, line] = next;
      put(index, { id: line.id, label: line.label, state: "running", detail: "" });
      const { fix, ...outcome } = await outcomeOf(line, signal);
      put(index, { id: line.id, label: line.label, ...outcome, ...(fix && { fix: fix.title, does: fix }) });
    }
  };
  onChange([...checks]);
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return [...checks];
}

async function outcomeOf(line: PreflightLine, signal: AbortSignal): Promise<CheckOutcome> {
  try {
    return await line.run(signal);
  } catch (error) {
    if (isCancelled(error) || signal.aborted) throw new CancelledError();
    if (!isUserError(error)) return { state: "warning", detail: label(redact(errorText(error)), 300) };
    return refused(line, error);
  }
}

/** What a failed question means: a missing program or sign-in is one line's matter, anything else stays unknown. */
function refused(line: PreflightLine, error: UserError): CheckOutcome {
  const detail = error.message.trim();
  const missing = error.code === "cli-missing" ? programOfPage(error.next[0]?.args?.[0]) : undefined;
  if (missing !== undefined) {
    if (line.about !== missing) return { state: "skipped", detail: `This needs ${missing}.` };
    const fix: Fix = { title: "How to Install", kind: "open", url: INSTALL_PAGES[missing] };
    return { state: "failed", detail, fix };
  }
  const step = error.code === "sign-in-needed" ? (error.next[0]?.args?.[0] as SignIn | undefined) : undefined;
  if (step === undefined) return { state: "warning", detail: `This could not be told. ${detail}` };
  const fix: Fix = { title: "Sign In", kind: "terminal", argv: [step.program, ...signInArgs(step)] };
  return { state: line.signsIn === true ? "failed" : "skipped", detail, fix };
}

function programOfPage(page: unknown): ProgramName | undefined {
  const names = Object.keys(INSTALL_PAGES) as ProgramName[];
  return names.find((name) => INSTALL_PAGES[name] === page);
}

export const ok = (detail: string, fix?: Fix): CheckOutcome => outcome("ok", detail, fix);
export const warning = (detail: string, fix?: Fix): CheckOutcome => outcome("warning", detail, fix);
export const failed = (detail: string, fix?: Fix): CheckOutcome => outcome("failed", detail, fix);

/** A button that gives the field another value. */
export function use(field: FieldPath, value: string | number | readonly string[], name = String(value)): Fix {
  return { title: `Use ${label(name, 60)}`, kind: "set", field, value };
}

/** The first value that mends what was found, as a button. */
export function useInstead(finding: Finding | undefined): Fix | undefined {
  const [first] = finding?.instead ?? [];
  return finding && first && use(finding.field, first.value, first.label);
}

function outcome(state: CheckOutcome["state"], detail: string, fix: Fix | undefined): CheckOutcome {
  return { state, detail, ...(fix === undefined ? {} : { fix }) };
}

/** The version in what a program wrote, `v1.30.2`; nothing else of it is shown, for it may hold more than a version. */
export function versionIn(written: string): string {
  return /v?\d+(\.\d+)+/.exec(written)?.[0].slice(0, 40) ?? "unknown";
}

/** Whether a bucket for the state is there and keeps versions, undefined where it is not there; and what mends it. */
export function bucketIs(
  bucket: string,
  versions: boolean | undefined,
  { make, keep }: { readonly make: Argv; readonly keep: Argv },
): CheckOutcome {
  const name = label(bucket, 80);
  if (versions === undefined)
    return failed(`${name} is not there or may not be read.`, { title: "Make Bucket", kind: "run", argv: make });
  if (versions) return ok(`${name} keeps older versions.`);
  const fix: Fix = { title: "Keep Versions", kind: "run", argv: keep };
  return warning(`${name} keeps no older versions: a state that is overwritten is lost.`, fix);
}

/** The task's result for all who ask, run once, when the first asks. */
export function once<T>(task: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let result: Promise<T> | undefined;
  return (signal) => (result ??= task(signal));
}
