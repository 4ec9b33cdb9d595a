// An install in plain words, before it is done.
import { stringify } from "yaml";
import type { PlanWords } from "../contract/preview.ts";
import { plural } from "../core/text.ts";
import type { Manifest } from "./objects.ts";
import type { Prepared } from "./plan.ts";

type Group = PlanWords["groups"][number];
type Note = NonNullable<PlanWords["notes"]>[number];

/** What comes, one line for each component. */
export function componentGroup({ release, components }: Prepared): Group {
  const items = components.map(({ component: { title, version }, objects }) => ({
    ...{ action: "create" as const, address: "" },
    what: `${`${title} ${version}`.trim()}, ${plural(objects.length, "object")}`,
  }));
  return { title: `Kubeflow ${release.id}`, items };
}

/** Where the files come from, exactly, and what of them is changed. */
export function installNotes({ release, choice, pin, changes }: Prepared): readonly Note[] {
  const { repository } = release.source;
  const from =
    choice.folder === undefined
      ? [`${repository} at github.com, ${pin.ref}`, `commit ${pin.commit}`, `SHA-256 ${pin.checksum}`]
      : [`the folder ${choice.folder}`];
  const because = (why: string): string => (why.startsWith("so that ") ? why : `because ${why}`);
  const lines = changes.map(
    ({ title, what, why }) => `${title === undefined ? "" : `${title}: `}${what}, ${because(why)}.`,
  );
  return [
    { title: "Where its files come from", lines: from.filter((line) => !/ $/.test(line)) },
    { title: "What is changed of what upstream wrote", lines },
  ];
}

export function installWords(prepared: Prepared): PlanWords {
  const { release, components } = prepared;
  return {
    ...{ creates: components.length, changes: 0, replaces: 0, destroys: 0 },
    sentence: `installs ${plural(components.length, "part")} of Kubeflow ${release.id}`,
    groups: [componentGroup(prepared)],
    notes: installNotes(prepared),
  };
}

/** For a person to read: without the values of Secrets. */
export function allObjects({ components }: Prepared): string {
  const hidden = (values: unknown): object =>
    Object.fromEntries(
      Object.keys(typeof values === "object" && values !== null ? values : {}).map((key) => [key, "…"]),
    );
  const plain = (object: Manifest): object =>
    object.kind !== "Secret"
      ? object
      : {
          ...object,
          ...(object["data"] !== undefined && { data: hidden(object["data"]) }),
          ...(object["stringData"] !== undefined && { stringData: hidden(object["stringData"]) }),
        };
  return components
    .flatMap(({ component, objects }) => [
      `# ${`${component.title} ${component.version}`.trim()}\n`,
      ...objects.map((object) => `---\n${stringify(plain(object))}`),
    ])
    .join("");
}
