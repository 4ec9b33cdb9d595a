import { type NextStep, UserError } from "../../core/errors.ts";
import type { CloudProgram, ProgramCall } from "./programs.ts";

/** A log-in that a person goes through in a terminal. */
export interface SignIn {
  readonly kind: "sign-in";
  readonly program: CloudProgram;
  /** AWS alone; `sso` where left out. */
  readonly way?: "sso" | "login" | "configure";
  /** AWS alone. */
  readonly profile?: string;
}

/** What the command *Add Cluster…* does for a person whom it could not help before. */
export type AddClusterStep = SignIn | { readonly kind: "copy-command" };

/** What a person copies to install what signs in to Google's clusters. Never run by us, and never a text that a caller gives. */
export const PLUGIN_COMMAND = "gcloud components install gke-gcloud-auth-plugin";

export function addClusterStep(title: string, step: AddClusterStep): NextStep {
  return { title, command: "trainyard.cluster.add", args: [step] };
}

// gcloud names the command in each failure that it mends: NoActiveAccountException, TokenRefreshError and
// ReauthenticationException (google-cloud-sdk lib/googlecloudsdk/core/credentials/exceptions.py),
// NoCredentialsForAccountException (store.py there). 401 is a token that Google's API refused.
const GCLOUD = /\$ gcloud auth login\b|\bcode=401\b|UNAUTHENTICATED|invalid authentication credentials/i;

// botocore/exceptions.py: NoCredentialsError, NoAuthTokenError, PartialCredentialsError, SSOTokenLoadError,
// LoginTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError, LoginRefreshRequired. In brackets the codes that
// AWS's services answer (STS and EKS «Common errors», EC2 «Error codes»).
const AWS =
  /Unable to locate (?:credentials|authorization token)|Partial credentials found|Error loading (?:SSO Token|login session token)|Error when retrieving token from|SSO session .{0,60}has expired|Your session has expired|\((?:ExpiredToken|ExpiredTokenException|InvalidClientTokenId|UnrecognizedClientException|AuthFailure|RequestExpired)\)/i;

/** The error for a log-in that is missing or over, by what the program wrote; undefined where it failed otherwise. */
export function signInNeeded({ program, profile, failure }: ProgramCall, stderr: string): UserError | undefined {
  if (program !== "gcloud" && program !== "aws") return undefined;
  if (!(program === "gcloud" ? GCLOUD : AWS).test(stderr)) return undefined;
  const way = program === "aws" ? { way: awsWay(stderr) } : {};
  const target: SignIn = { kind: "sign-in", program, ...way, ...(profile === undefined ? {} : { profile }) };
  return new UserError("sign-in-needed", failure, {
    why: `${program} is not signed in, or its sign-in has expired.`,
    hint: "Sign in, then try again.",
    next: [addClusterStep("Sign In", target)],
  });
}

/** The arguments of the log-in. An option's value is joined to it, so that no name is taken for an option. */
export function signInArgs({ program, way, profile }: SignIn): readonly string[] {
  if (program === "gcloud") return ["auth", "login"];
  const words = way === "login" || way === "configure" ? [way] : ["sso", "login"];
  return typeof profile === "string" ? [...words, `--profile=${profile}`] : words;
}

/** What aws itself advises: `aws login` since 2.32, `aws configure` where nothing at all is set up. */
function awsWay(stderr: string): "sso" | "login" | "configure" {
  const named = /\bSSO\b/i.test(stderr) ? undefined : /\baws (login|configure)\b/.exec(stderr)?.[1];
  return named === "login" || named === "configure" ? named : "sso";
}
