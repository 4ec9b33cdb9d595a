import { UserError } from "../../core/errors.ts";
import type { ProgramCall, Programs } from "./programs.ts";

/** Where aws asks; a profile of "" or none is what the environment gives, no region what the configuration says. */
export interface AwsPlace {
  readonly profile: string | undefined;
  readonly region?: string;
}

type Args = readonly string[];

/** A call of gcloud. An option's value is joined to it, so that no name is taken for an option. */
export function gcloudCall(args: Args, project: string | undefined, signal: AbortSignal, failure = ""): ProgramCall {
  const where = project === undefined ? [] : [`--project=${project}`];
  return { program: "gcloud", args: [...args, ...where], failure, signal };
}

/** A call of aws with the profile that was chosen; where a region is named, the answer is JSON. */
export function awsCall(args: Args, place: AwsPlace, signal: AbortSignal, failure = ""): ProgramCall {
  const where = place.region === undefined ? [] : [`--region=${place.region}`, "--output=json"];
  const profile = place.profile === "" ? undefined : place.profile;
  return { program: "aws", args: [...args, ...where, ...profileArgs(place)], failure, signal, profile };
}

export function profileArgs({ profile = "" }: AwsPlace): Args {
  return profile === "" ? [] : [`--profile=${profile}`];
}

/** The answer of gcloud as JSON; the format names the fields, so that nothing else is read. */
export function askGcloud(programs: Programs, args: Args, project: string, signal: AbortSignal): Promise<unknown> {
  return programs.json(gcloudCall(args, project, signal));
}

export function askAws(programs: Programs, args: Args, place: AwsPlace, signal: AbortSignal): Promise<unknown> {
  return programs.json(awsCall(args, place, signal));
}

/**
 * The name where it may stand in a filter of gcloud or in the short syntax of aws, which both read as a language. Throws
 * UserError `odd-name` for one that no cloud gives.
 */
export function plainName(name: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name) ? name : odd(name);
}

/** The value where it may stand by itself among arguments: none that a program would take for an option. */
export function positional(value: string): string {
  return value !== "" && !value.startsWith("-") ? value : odd(value);
}

function odd(name: string): never {
  throw new UserError("odd-name", `${JSON.stringify(name.slice(0, 60))} is not a name that the cloud knows.`);
}
