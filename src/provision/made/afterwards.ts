// After a run of Terraform that came to no good end: what there may be, and what each button does about it.
import type { Wish } from "../../contract/wish.ts";
import { errorText } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { profileArgs } from "../existing/calls.ts";
import type { ProgramName, Programs } from "../existing/programs.ts";
import { aftermath } from "../terraform/apply.ts";
import type { Failure, FailureNext } from "../terraform/failures.ts";
import type { RunEnd } from "../terraform/runEnd.ts";
import type { Terraform } from "../terraform/terraform.ts";
import type { Button, Job } from "./job.ts";
import type { Desk } from "./ports.ts";

const READ_MS = 60_000;

/** The end in words, with what may exist unrecorded, and the commands that would have Terraform know it. */
export async function afterApply(
  { terraform }: Pick<Job, "terraform">,
  end: RunEnd,
): Promise<{ readonly message: string; readonly imports: readonly string[] }> {
  if (terraform === undefined || end.inFlight.length + end.halfMade.length === 0)
    return { message: end.message, imports: [] };
  try {
    const { recorded, unrecorded } = await aftermath(terraform, end, AbortSignal.timeout(READ_MS));
    const known =
      recorded.length === 0
        ? ""
        : ` ${plural(recorded.length, "half-made thing")} in the state: the next plan deals with it.`;
    const unknown =
      unrecorded.length === 0
        ? ""
        : ` ${plural(unrecorded.length, "thing")} may exist and cost money without being in the state: ` +
          `${unrecorded.map(({ resource }) => label(resource.address, 80)).join(", ")}.`;
    return { message: `${end.message}${known}${unknown}`, imports: unrecorded.map(({ command }) => command) };
  } catch (error) {
    return { message: `${end.message} The state could not be read: ${label(errorText(error), 200)}`, imports: [] };
  }
}

export function importText({ terraform }: Pick<Job, "terraform">, imports: readonly string[]): string {
  return [
    "# Look into the cloud's console whether these things exist. For each that does, put its ID in and run its line",
    `# in ${terraform?.place.folder ?? "the cluster's folder"}`,
    `# with TF_DATA_DIR=${terraform?.env["TF_DATA_DIR"] ?? ""}; then plan again.`,
    "",
    ...imports,
    "",
  ].join("\n");
}

interface FailurePorts {
  readonly desk: Pick<Desk, "openExternal" | "confirm" | "runInTerminal">;
  readonly programs: Pick<Programs, "locate" | "run">;
}

interface FailureDesk {
  readonly ports: FailurePorts;
  readonly wish: Wish;
  readonly terraform: (signal: AbortSignal) => Promise<Terraform>;
  readonly planAgain: () => Promise<void>;
  /** To the form, with another wish where there is one. */
  readonly backToForm: (changed?: Wish) => void;
  /** To the form of a cluster that is there, though it was to be destroyed. */
  readonly edit: (changed: Wish) => void;
}

/** One button for each next step of the failures, each title once. */
export function failureButtons(failures: readonly Failure[], desk: FailureDesk): readonly Button[] {
  const buttons = new Map<string, Button>();
  for (const next of failures.flatMap((failure) => failure.next).filter((one) => applies(one, desk.wish)))
    buttons.set(next.title, { title: next.title, press: () => press(next, desk) });
  return [...buttons.values()];
}

/** Whether the step changes anything of this wish. */
function applies({ kind }: FailureNext, wish: Wish): boolean {
  const gpu = wish.where === "local" ? null : wish[wish.where].gpu;
  if (kind === "set-zones" || kind === "unprotect") return wish.where === "gke";
  if (kind === "on-demand") return gpu?.spot === true;
  return kind !== "other-gpu" || gpu !== null;
}

async function press({ kind, value = "" }: FailureNext, desk: FailureDesk): Promise<void> {
  const { ports, wish, planAgain, backToForm } = desk;
  const signal = AbortSignal.timeout(READ_MS);
  switch (kind) {
    case "open":
      ports.desk.openExternal(value);
      return;
    case "plan-again":
    case "try-later":
      return planAgain();
    case "unlock": {
      const question = "Take the lock away?";
      const detail =
        "If another run is still on, two would write to one state, and what they make may be lost from it. " +
        "Do this only when you know that the other has ended.";
      if (!(await ports.desk.confirm(question, detail, "Take the Lock Away"))) return;
      await (await desk.terraform(signal)).unlock(value, signal);
      return planAgain();
    }
    case "state-push":
      await (await desk.terraform(signal)).pushErroredState(signal);
      return planAgain();
    case "sign-in":
      return signIn(value, wish, ports);
    case "enable-api": {
      const args = ["services", "enable", value, `--project=${wish.gke.project}`];
      await ports.programs.run({ program: "gcloud", args, failure: "The API was not enabled.", signal });
      return planAgain();
    }
    case "set-zones": {
      backToForm({ ...wish, gke: { ...wish.gke, zones: value.split(",").filter((zone) => zone !== "") } });
      return;
    }
    case "on-demand": {
      backToForm(withGpu(wish, { spot: false }));
      return;
    }
    case "other-gpu": {
      backToForm();
      return;
    }
    case "unprotect": {
      desk.edit({ ...wish, gke: { ...wish.gke, protect: false } });
      return;
    }
  }
}

function withGpu(wish: Wish, change: { readonly spot: boolean }): Wish {
  if (wish.where === "local") return wish;
  const { gpu } = wish[wish.where];
  return gpu === null ? wish : { ...wish, [wish.where]: { ...wish[wish.where], gpu: { ...gpu, ...change } } };
}

/** One of our own commands, such as `gcloud auth application-default login`: its words are its arguments. */
async function signIn(command: string, { eks }: Wish, { programs, desk }: FailurePorts): Promise<void> {
  const [program = "", ...words] = command.split(" ");
  const args = [...words, ...(program === "aws" ? profileArgs(eks) : [])];
  const { file } = await programs.locate(program as ProgramName);
  desk.runInTerminal(`Sign in with ${program}`, file, args);
}
