// Who gets an account and a namespace of an install, and what upstream's made-up person becomes.
import type { Choice, Component, Release, Wait } from "./release.ts";

/** As long as a namespace may be named (RFC 1123 label). */
const MAX_NAME = 63;
/** Names that the cluster or Kubeflow itself has. */
const TAKEN = /^(default|kube-.*|kubeflow.*|istio-.*|knative-.*|cert-manager|auth|oauth2-proxy|trainyard-system)$/;

/** `ada@x.org` has the namespace `ada`; where two would have the same, or it is another's, the whole address makes it. */
export function profileNames(people: readonly string[]): ReadonlyMap<string, string> {
  const short = (email: string): string => nameOf(email.slice(0, email.lastIndexOf("@")));
  const shorts = people.map(short);
  const named = people.map((email, at): readonly [string, string] => {
    const own = shorts[at] ?? "";
    const isFree = own !== "" && !TAKEN.test(own) && shorts.indexOf(own) === shorts.lastIndexOf(own);
    return [email, isFree ? own : `profile-${nameOf(email)}`.slice(0, MAX_NAME).replace(/-+$/, "")];
  });
  return new Map(named);
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
