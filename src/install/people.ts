// Who gets an account and a namespace of an install, and what upstream's made-up person becomes.
import type { Choice, Component, Release, Wait } from "./release.ts";

/** As long as a namespace may be named (RFC 1123 label). */
const MAX_NAME = 63;
/** Names that the cluster or Kubeflow itself has. */
const TAKEN = /^(default|kube-.*|kubeflow.*|istio-.*|knative-.*|cert-manager|auth|oauth2-proxy|trainyard-system)$/;

/**
 * `ada@x.org` has the namespace `ada`; where somebody before has it, or it is another's, the whole address makes it. Who
 * comes later changes nobody's.
 */
export function profileNames(people: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const email of people) {
    const short = nameOf(email.slice(0, email.lastIndexOf("@")));
    const isFree = short !== "" && !TAKEN.test(short) && !taken.has(short);
    const name = isFree ? short : `profile-${nameOf(email)}`.slice(0, MAX_NAME).replace(/-+$/, "");
    taken.add(name);
    names.set(email, name);
  }
  return names;
}

function nameOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_NAME)
    .replace(/^-+|-+$/g, "");
}

/** A plain address; it becomes part of YAML and of a name, never of a command. */
export function isEmail(text: string): boolean {
  return text.length <= 200 && /^[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/.test(text);
}

/** The component with the people's namespaces in the place of the made-up person's. */
export function settled(component: Component, release: Release, { people = [] }: Pick<Choice, "people">): Component {
  const { madeUp } = release;
  if (madeUp === undefined || people.length === 0) return component;
  const names = [...profileNames(people).values()];
  const [first = madeUp.namespace] = names;
  const waits = component.waits?.flatMap((wait): readonly Wait[] => {
    if (wait.name === madeUp.namespace) return names.map((name) => ({ ...wait, name }));
    return [wait.namespace === madeUp.namespace ? { ...wait, namespace: first } : wait];
  });
  const namespaces = component.namespaces.map((name) => (name === madeUp.namespace ? first : name));
  return { ...component, namespaces, ...(waits === undefined ? {} : { waits }) };
}
