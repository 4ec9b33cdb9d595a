import { isCancelled, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { isApiError } from "../../kube/errors.ts";
import { parseQuota } from "../../kubeflow/quota.ts";
import { COPY_ADMIN_REQUEST_COMMAND, INSTALL_COMMAND } from "../launchErrors.ts";
import { type Finding, type FindingField, INSTALL, ok, REQUEST, type Site } from "./finding.ts";

export async function checkDryRun({ dryRun, signal }: Site): Promise<readonly Finding[]> {
  if (dryRun === undefined) return [];
  try {
    await dryRun(signal);
    return [ok("kind", "The cluster would take it, as a dry run says.")];
  } catch (error) {
    if (isCancelled(error) || !(error instanceof UserError)) throw error;
    return [dryRunFinding(error)];
  }
}

/** A refusal at the field that it is about, as far as its code and the server's own words tell. Pure. */
export function dryRunFinding(error: UserError): Finding {
  const [next] = error.next.flatMap(({ command }) => NEXT[command] ?? []);
  const whole = label(error.message.replace(/^The (?:job|notebook) was not created\. /, ""), 1000);
  const text = label(whole, 300);
  return {
    ...{ field: fieldOf(error), level: "problem", text },
    ...(whole !== text && { lines: [whole] }),
    ...(next !== undefined && { next }),
  };
}

type Rows = readonly (readonly [RegExp, FindingField])[];

/** The buttons of a refused launch that a form can press, too; a size is changed in its fields. */
const NEXT: Readonly<Record<string, NonNullable<Finding["next"]>>> = {
  [INSTALL_COMMAND]: INSTALL,
  [COPY_ADMIN_REQUEST_COMMAND]: REQUEST,
};

/** Codes of launchErrors.ts; others are of a connection that failed. */
const CODES: Rows = [
  [/^(no-namespace|namespace-ending|no-rights|pod-security|quota)$/, "namespace"],
  [/^(quota-incomplete|limit-range)$/, "cpu"],
  [/^(no-operator|name-taken|invalid|bad-spec|webhook-refused|policy-refused)$/, "kind"],
  [/^no-runtime$/, "runtime"],
  [/^too-large$/, "code"],
];

/** Paths of a manifest, and words for them, by the field that they are written from; the first that matches. */
const PATHS: Rows = [
  [/nodeSelector/, "nodeSelector"],
  [/tolerations?\b/i, "tolerations"],
  [/serviceAccount/i, "serviceAccount"],
  [/priorityClass/i, "priority"],
  [/secretKeyRef/, "secrets"],
  [/\benv\b/, "env"],
  [/volume/i, "volumes"],
  [/storageUri|initializer/, "data"],
  [/runtimeRef|runtime\b/i, "runtime"],
  [/gpu\b/i, "gpus"],
  [/\bmemory\b/, "memory"],
  [/\bcpu\b/, "cpu"],
  [/\bimage\b/, "image"],
  [/activeDeadlineSeconds|backoffLimit|ttlSeconds/, "limits"],
  [/queue/, "queue"],
  [/numNodes|replicas\b/, "nodes"],
];

function fieldOf({ code, cause, message }: UserError): FindingField {
  const server = isApiError(cause) ? cause : undefined;
  const said = server?.message ?? message;
  const texts =
    code === "quota"
      ? (parseQuota(said)?.resources ?? []).map(({ resource }) => resource)
      : /^(invalid|.*-refused|limit-range|bad-spec)$/.test(code)
        ? [...(server?.details?.causes ?? []).map(({ field = "" }) => field), said]
        : [];
  const found = texts.flatMap((text) => PATHS.find(([path]) => path.test(text))?.[1] ?? []);
  return found[0] ?? CODES.find(([pattern]) => pattern.test(code))?.[1] ?? "cluster";
}
