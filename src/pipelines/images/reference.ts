// Names of images, by the grammar of github.com/distribution/reference.

const HOST = /^(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:)|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** A sentence where the text cannot be a registry and the place in it, such as `ghcr.io/team`. */
export function registryProblem(text: string): string | undefined {
  const [host = "", ...parts] = text.split("/");
  if (text === "") return "No registry is named.";
  if (text.length > 200) return "That is too long for a registry.";
  if (!HOST.test(host)) return "It begins with the registry’s host, such as ghcr.io or localhost:5000.";
  const wrong = parts.find((part) => !PART.test(part));
  if (wrong === undefined) return undefined;
  return wrong === ""
    ? "There is nothing between two slashes, or after the last one."
    : `${JSON.stringify(wrong.slice(0, 60))} is not allowed: small letters, digits, and single . _ - between them.`;
}

/** `ghcr.io/team/train` of `ghcr.io/team/train:1@sha256:…`. */
export function repositoryOf(image: string): string {
  const [name = ""] = image.split("@");
  return name.replace(/:[^/:]*$/, "");
}

/** Host of a repository; undefined where it names none. */
export function hostOf(repository: string): string | undefined {
  const [host, ...rest] = repository.split("/");
  return host !== undefined && rest.length > 0 && HOST.test(host) ? host : undefined;
}

/** Where an image goes: as it is named, in the registry that was given where it names none. */
export function targetRepository(image: string, registry: string): string {
  const repository = repositoryOf(image);
  return hostOf(repository) === undefined ? `${registry}/${slug(repository)}` : repository;
}

/** Any name as one that a registry takes. */
export function slug(name: string): string {
  const parts = name
    .toLowerCase()
    .split("/")
    .map((part) => part.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, ""));
  return parts.filter((part) => part !== "").join("/") || "image";
}

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Of this computer: what docker itself reaches without TLS. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host);
}
