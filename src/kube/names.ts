import { UserError } from "../core/errors.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/i;
const LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/**
 * Returns the name where it may stand in a URL's path, else throws: RFC 1123 subdomain, with upper case and the `:`
 * that RBAC objects have. What a cluster or a file calls something never becomes part of a path unchecked.
 */
export function assertName(name: string): string {
  if (name.length > 0 && name.length <= 253 && SUBDOMAIN.test(name) && !name.includes("..")) return name;
  throw new UserError("invalid-name", `${JSON.stringify(name.slice(0, 80))} is not a valid Kubernetes name.`, {
    hint: "Names hold lower-case letters, digits, dots and hyphens, and begin and end with a letter or digit.",
  });
}

/** True for an RFC 1123 label: what a namespace may be called. */
export function isNamespaceName(name: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name);
}

/** True for an RFC 1035 label of at most `max` characters: what a training job may be called. */
export function isJobName(name: string, max = 63): boolean {
  return name.length <= max && LABEL.test(name);
}

/**
 * Makes a job name out of any text, such as a file's name: lower case, runs of other characters become one hyphen,
 * begins with a letter, at most `max` characters.
 */
export function toJobName(text: string, max: number): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, max)
    .replace(/-+$/, "");
  return name === "" ? "job" : name;
}
