import { UserError } from "../../core/errors.ts";
import type { ProgramCall, Programs } from "../existing/programs.ts";

/** Where aws asks; profile "" is what the environment gives. */
export interface AwsPlace {
  readonly profile: string;
  readonly region: string;
}

/** A call of gcloud in a project. An option's value is joined to it, so that no name is taken for an option. */
export function gcloudCall(args: readonly string[], project: string, signal: AbortSignal, failure = ""): ProgramCall {
  return { program: "gcloud", args: [...args, `--project=${project}`], failure, signal };
}

/** A call of aws in a region, with the profile that was chosen. */
export function awsCall(args: readonly string[], place: AwsPlace, signal: AbortSignal, failure = ""): ProgramCall {
  const where = [`--region=${place.region}`, "--output=json", ...profileArgs(place)];
  const profile = place.profile === "" ? undefined : place.profile;
  return { program: "aws", args: [...args, ...where], failure, signal, profile };
}

export function profileArgs({ profile }: AwsPlace): readonly string[] {
  return profile === "" ? [] : [`--profile=${profile}`];
}

/** The answer of gcloud as JSON; the format names the fields, so that nothing else is read. */
export function askGcloud(
  programs: Programs,
  args: readonly string[],
  project: string,
  signal: AbortSignal,
): Promise<unknown> {
  return programs.json(gcloudCall(args, project, signal));
}

export function askAws(
  programs: Programs,
  args: readonly string[],
  place: AwsPlace,
  signal: AbortSignal,
): Promise<unknown> {
  return programs.json(awsCall(args, place, signal));
}

/**
 * The name where it may stand in a filter of gcloud or in the short syntax of aws, which both read as a language. Throws
 * UserError `odd-name` for one that no cloud gives.
 */
export function plainName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) return name;
  throw new UserError("odd-name", `${JSON.stringify(name.slice(0, 60))} is not a name that the cloud knows.`);
}

/** The value where it may stand by itself among arguments: none that a program would take for an option. */
export function positional(value: string): string {
  if (value !== "" && !value.startsWith("-")) return value;
  throw new UserError("odd-name", `${JSON.stringify(value.slice(0, 60))} is not a name that the cloud knows.`);
}
