import { UserError, type NextStep } from "../../core/errors.ts";
import { redact } from "../../core/redact.ts";
import { label } from "../../core/sanitize.ts";
import { instructionsOf } from "./dockerfile.ts";
import { hostOf, repositoryOf } from "./reference.ts";
import { IMAGE_TOOLS, type ToolKind } from "./tools.ts";

/** Why a tool failed, by what it wrote. */
export interface ToolFailure {
  readonly kind: ToolKind;
  /** What it wrote, the end of it at least. */
  readonly output: readonly string[];
  /** Where it was to go. */
  readonly reference: string;
  /** Text of the Dockerfile. */
  readonly dockerfile: string;
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;
  /** The button that signs in to a host in a terminal. */
  readonly signIn: (host: string) => NextStep;
}

/** A failure at a line of the Dockerfile. */
export class DockerfileError extends UserError {
  /** From 0. */
  readonly line: number;
  /** The tool's sentence about it. */
  readonly said: string;

  constructor(line: number, said: string, what: string) {
    super("dockerfile", what, { why: said, hint: `It is line ${line + 1} of the Dockerfile.` });
    this.line = line;
    this.said = said;
  }
}

const DAEMON =
  /cannot connect to (?:the docker daemon|podman)|is the docker daemon running|error during connect|permission denied while trying to connect to the docker daemon/i;
const NO_SPACE = /no space left on device|disk quota exceeded|not enough space on the disk/i;
const REFUSED =
  /\bunauthorized\b|authentication required|no basic auth credentials|requested access to the resource is denied|insufficient_scope|\bdenied: |pull access denied|\b(?:401|403) (?:unauthorized|forbidden)|status(?: code)?:? (?:401|403)\b/i;
const UNREACHABLE =
  /connection refused|no such host|i\/o timeout|network is unreachable|no route to host|tls handshake timeout|server gave http response to https client|x509: |connection reset by peer|context deadline exceeded/i;

/** True where the registry answered that it does not have it. */
export function isMissing(output: readonly string[]): boolean {
  return output.some((line) => /manifest unknown|name unknown|no such manifest|: not found\b|\b404\b/i.test(line));
}

/** Throws where the registry cannot be reached or the tool cannot work at all: then a build would be for nothing. */
export function refuseUnreachable(failure: ToolFailure): void {
  const said = saidBy(failure);
  const known = daemonDown(failure, said) ?? unreachable(failure, said);
  if (known !== undefined) throw known;
}

/** The failure of a build or a push as a sentence. Codes: daemon, no-space, registry-sign-in, registry, dockerfile, build-failed. */
export function failureOf(failure: ToolFailure): UserError {
  const { kind, output, dockerfile } = failure;
  const said = saidBy(failure);
  const all = output.join("\n");
  const { program, tidy } = IMAGE_TOOLS[kind];
  const known = daemonDown(failure, said);
  if (known !== undefined) return known;
  if (NO_SPACE.test(all))
    return new UserError("no-space", NOT_PUSHED, {
      why: `The disk of ${program} is full.`,
      hint: `${tidy} in a terminal takes away what it does not need.`,
    });
  if (REFUSED.test(said)) {
    const host = hostIn(said, failure);
    return new UserError("registry-sign-in", NOT_PUSHED, {
      why: `${host} did not accept you. ${program} said: ${shown(said)}`,
      next: [failure.signIn(host)],
    });
  }
  const away = unreachable(failure, said);
  if (away !== undefined) return away;
  const line = lineOf(output, said, dockerfile);
  if (line !== undefined) return new DockerfileError(line, `${program} said: ${shown(said)}`, NOT_BUILT);
  return new UserError("build-failed", NOT_PUSHED, { why: `${program} said: ${shown(said)}` });
}

const NOT_BUILT = "The image was not built.";
const NOT_PUSHED = "The image was not built and pushed.";

function daemonDown({ kind }: ToolFailure, said: string): UserError | undefined {
  return DAEMON.test(said) ? notRunning(IMAGE_TOOLS[kind].program, said) : undefined;
}

/** The program is there and cannot work. */
export function notRunning(program: string, said: string): UserError {
  const hint = program === "docker" ? "Start Docker." : "See that it works in a terminal.";
  return new UserError("daemon", NOT_BUILT, { why: `${program} does not run. It said: ${shown(said)}`, hint });
}

function unreachable(failure: ToolFailure, said: string): UserError | undefined {
  if (!UNREACHABLE.test(said)) return undefined;
  const { program } = IMAGE_TOOLS[failure.kind];
  const http = /server gave http response/i.test(said);
  return new UserError("registry", NOT_PUSHED, {
    why: `${hostIn(said, failure)} was not reached. ${program} said: ${shown(said)}`,
    ...(http && { hint: `It has no TLS: name it as insecure in the configuration of ${program}.` }),
  });
}

/** The tool's own sentence: the last line that it marks as an error, else its last one. */
function saidBy({ output, kind, code }: Pick<ToolFailure, "output" | "kind" | "code">): string {
  const lines = output.filter((line) => label(line) !== "");
  const line = lines.findLast((one) => /^(?:error|denied|unauthorized)\b/i.test(one)) ?? lines.at(-1);
  const said = (line ?? "").replace(/^error: (?:failed to solve: )?/i, "");
  if (said !== "") return said;
  const { program } = IMAGE_TOOLS[kind];
  return code === undefined ? `${program} was ended by a signal.` : `${program} failed with exit code ${code}.`;
}

const MAX_SAID = 240;

/** Buildah shows a step of its own after the sentence. Of a long one the end has the cause. */
function shown(text: string): string {
  const said = label(redact(text.replace(/ &imagebuilder\.Step\{.*$/, "")), 4000);
  return said.length <= MAX_SAID ? said : `…${said.slice(1 - MAX_SAID)}`;
}

/** The host that it is about: that of a base image where the sentence names one, else the one that it was to go to. */
function hostIn(said: string, { reference, dockerfile }: ToolFailure): string {
  const target = hostOf(repositoryOf(reference)) ?? DOCKER_HUB;
  if (said.includes(repositoryOf(reference))) return target;
  const bases = instructionsOf(dockerfile).flatMap(({ name, rest }) =>
    name === "FROM" ? (/^(?:--\S+\s+)*(\S+)/.exec(rest)?.[1] ?? []) : [],
  );
  const base = bases.map(repositoryOf).find((repository) => said.includes(repository));
  return base === undefined ? target : (hostOf(base) ?? DOCKER_HUB);
}

const DOCKER_HUB = "docker.io";

/** Line of the Dockerfile, from 0, where the tool tells it or names the instruction. */
function lineOf(output: readonly string[], said: string, dockerfile: string): number | undefined {
  const told = /parse error (?:on )?line (\d+)/i.exec(said)?.[1];
  if (told !== undefined) return Number(told) - 1;
  // BuildKit shows the lines around it, and marks it: `   2 | >>> RUN exit 3`.
  for (const line of output) {
    const marked = /^\s*(\d+) \| >>> /.exec(line)?.[1];
    if (marked !== undefined) return Number(marked) - 1;
  }
  const plain = (text: string): string => text.replace(/[\s\\]+/g, " ").trim();
  const step =
    // BuildKit in older daemons shows the step alone: ` > [2/3] RUN exit 3:`.
    output.flatMap((line) => /^ > \[(?:[^\]]* )?\d+\/\d+\] (.+):$/.exec(line)?.[1] ?? []).at(-1) ??
    output.flatMap((line) => /^(?:\[\d+\/\d+\] )?STEP \d+\/\d+: (.+)$/.exec(line)?.[1] ?? []).at(-1) ??
    output.flatMap((line) => /^Step \d+\/\d+ : (.+)$/.exec(line)?.[1] ?? []).at(-1);
  // After the last step comes the push.
  if (step === undefined || output.some((line) => /^(?:COMMIT|Successfully (?:built|tagged))\b/.test(line)))
    return undefined;
  const all = instructionsOf(dockerfile);
  return all.find(({ name, rest }) => plain(`${name} ${rest}`) === plain(step))?.line;
}
