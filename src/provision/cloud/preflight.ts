import type { Wish } from "../../contract/wish.ts";
import { label } from "../../core/sanitize.ts";
import type { Programs } from "../existing/programs.ts";
import { localChecks, type LocalCheckDeps } from "../local/localChecks.ts";
import { type CheckOutcome, failed, type Fix, ok, type PreflightLine, versionIn } from "./checkLines.ts";
import { eksChecks, s3Bucket } from "./eksChecks.ts";
import type { CloudCheckDeps } from "./factChecks.ts";
import { gcsBucket, gkeChecks } from "./gkeChecks.ts";
import { kubeflowChecks } from "./kubeflowChecks.ts";

export interface PreflightDeps extends CloudCheckDeps, LocalCheckDeps {
  readonly programs: Programs;
  /** Which Terraform or OpenTofu there is; rejects with UserError where there is none that fits. */
  readonly findTerraform: (signal: AbortSignal) => Promise<{ readonly kind: string; readonly version: string }>;
}

const TERRAFORM_PAGE = "https://developer.hashicorp.com/terraform/install";

/** All that is checked before the wish is planned, the most basic first. Nothing runs before a line is run. */
export function checks(wish: Wish, deps: PreflightDeps): readonly PreflightLine[] {
  const kubeflow = kubeflowChecks(wish.kubeflow, deps.programs);
  if (wish.where === "local") return [...localChecks(wish.name, wish.local, deps), ...kubeflow];
  const terraform: PreflightLine = { id: "terraform", label: "Terraform", run: (signal) => terraformIs(deps, signal) };
  const state: PreflightLine = {
    id: "state",
    label: "State",
    run: (signal) => statePlace(wish, deps.programs, signal),
  };
  return [terraform, ...(wish.where === "gke" ? gkeChecks : eksChecks)(wish, deps), state, ...kubeflow];
}

/** Runs the fix of kind `run`, as it was shown. Rejects as Programs.run. */
export async function runFix(
  fix: Fix & { readonly kind: "run" },
  programs: Programs,
  signal: AbortSignal,
): Promise<void> {
  const [program, ...args] = fix.argv;
  // APIs that are turned on may take minutes.
  await programs.run({ program, args, failure: "It was not done.", signal, timeoutMs: 300_000 });
}

async function terraformIs({ findTerraform }: PreflightDeps, signal: AbortSignal): Promise<CheckOutcome> {
  try {
    const { kind, version } = await findTerraform(signal);
    return ok(`${label(kind, 40)} ${versionIn(version)}.`);
  } catch (error) {
    if (signal.aborted || !(error instanceof Error)) throw error;
    return failed(label(error.message, 300), { title: "How to Install", kind: "open", url: TERRAFORM_PAGE });
  }
}

async function statePlace(wish: Wish, programs: Programs, signal: AbortSignal): Promise<CheckOutcome> {
  if (wish.state.kind === "unset") return failed("Choose whether the state is shared or kept on this computer.");
  if (wish.state.kind === "mine")
    return ok("Kept on this computer alone: who has not this folder cannot change the cluster.");
  const { bucket } = wish.state;
  return wish.where === "eks"
    ? s3Bucket(programs, bucket, wish.eks, signal)
    : gcsBucket(programs, bucket, wish.gke, signal);
}
