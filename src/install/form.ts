// What the page shows of a wish for Kubeflow: what may be chosen, what is wrong with it, what would come. Asks nobody.
import type { Choice as Option, Choices, Finding, MadeThing } from "../contract/preview.ts";
import type { KubeflowWish } from "../contract/wish.ts";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { resolve, type Resolved } from "./graph.ts";
import { isEmail } from "./people.ts";
import type { Choice, Platform, Release } from "./release.ts";

/** What is known of the cluster that it is for; all of it may be unknown. */
export interface FormFacts {
  /** `1.35` */
  readonly version?: string;
  readonly cpus?: number;
  readonly memoryGiB?: number;
  readonly storageClasses?: readonly string[];
}

export interface KubeflowForm {
  readonly findings: readonly Finding[];
  readonly choices: Choices;
  readonly made: readonly MadeThing[];
}

const SINGLE_PARTS = "parts";
const MOST_PEOPLE = 50;
/** RFC 1123 subdomain, as a StorageClass is named. */
const CLASS_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Ids of what is wanted; none where nothing is. */
export function wantedOf({ profile, components }: KubeflowWish): readonly string[] {
  if (profile === "") return [];
  return profile === SINGLE_PARTS ? components : [profile];
}

/** The choice that an installer takes. */
export function choiceOf(wish: KubeflowWish, release: Release, platform: Platform): Choice {
  const wanted = wantedOf(wish);
  const { folder, adopt, people, quota, storageClass } = wish;
  const named = resolved(release, wanted).some(({ component }) => component.people === true);
  return {
    ...{ release: release.id, wanted, platform },
    ...(folder !== "" && { folder }),
    ...(adopt.length > 0 && { adopt }),
    ...(named && { people, quota }),
    ...(storageClass !== "" && { storageClass }),
  };
}

/** See KubeflowForm; for any wish that its schema lets through. */
export function kubeflowForm(wish: KubeflowWish, release: Release, facts: FormFacts = {}): KubeflowForm {
  const order = resolved(release, wantedOf(wish));
  const hasPeople = order.some(({ component }) => component.people === true);
  const hasSample = order.some(({ component }) => component.id === release.sample);
  const hasVolumes = order.some(({ component }) => component.uses.storage > 0);
  return {
    findings: [
      ...conflicts(wish, release),
      ...wrongChoice(wish, release),
      ...(hasPeople ? wrongPeople(wish) : []),
      ...unfit(order, release, facts),
      ...wrongClass(wish),
    ],
    choices: {
      "kubeflow.profile": profiles(release),
      "kubeflow.components": release.components.map(({ id, title, version, about }) => ({
        ...{ value: id, label: `${title} ${version}`.trim(), detail: about },
      })),
      ...(hasVolumes && {
        "kubeflow.storageClass": (facts.storageClasses ?? []).map((value) => ({ value, label: value })),
      }),
      ...(hasPeople && { "kubeflow.people": [] }),
      ...(hasSample && { "kubeflow.sample": [] }),
    },
    made: order.map(({ component: { title, version, about }, wanted }) => ({
      what: `${title} ${version}`.trim(),
      detail: wanted ? about : `${about} Another part needs it.`,
      part: "kubeflow",
    })),
  };
}

/** None where the wish names what there is not: that is a finding. */
function resolved(release: Release, wanted: readonly string[]): readonly Resolved[] {
  try {
    return resolve(release, wanted);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

function profiles(release: Release): readonly Option[] {
  const named = release.profiles.map(({ id, title, about }) => ({
    ...{ value: id, label: title, detail: `${about} ${takes(resolved(release, [id]))}.` },
  }));
  return [
    ...named,
    { value: SINGLE_PARTS, label: "Single parts", detail: "What you pick, with what it needs." },
    { value: "", label: "Nothing", detail: "The cluster alone; it can be installed later." },
  ];
}

/** What is asked for in thousandths, as people say it; of what is next to nothing, so that it is not said to be nothing. */
export function cores(thousandths: number): string {
  return Math.max(0.1, thousandths / 1000).toFixed(1);
}

/** `About 4.4 CPUs, 12.3 GiB of memory, 65 GB of volumes` */
function takes(order: readonly Resolved[]): string {
  const { cpu, memory, storage } = needs(order);
  const volumes = storage > 0 ? `, ${storage} GB of volumes` : "";
  return `About ${cores(cpu)} CPUs, ${(memory / 1024).toFixed(1)} GiB of memory${volumes}`;
}

function needs(order: readonly Resolved[]): {
  readonly cpu: number;
  readonly memory: number;
  readonly storage: number;
} {
  const sum = (name: "cpu" | "memory" | "storage"): number =>
    order.reduce((all, { component }) => all + component.uses[name], 0);
  return { cpu: sum("cpu"), memory: sum("memory"), storage: sum("storage") };
}

function wrongChoice({ profile, components }: KubeflowWish, release: Release): readonly Finding[] {
  const known = new Set(release.components.map(({ id }) => id));
  if (profile === SINGLE_PARTS) {
    const odd = components.filter((id) => !known.has(id));
    if (odd.length > 0)
      return [
        error("kubeflow.components", `Kubeflow ${release.id} has no part «${label(odd[0] ?? "", 60)}».`, [
          { label: "Leave it out", value: components.filter((id) => known.has(id)) },
        ]),
      ];
    return components.length > 0 ? [] : [error("kubeflow.components", "Pick at least one part.")];
  }
  if (profile === "" || release.profiles.some(({ id }) => id === profile)) return [];
  const instead = release.profiles.map(({ id, title }) => ({ label: title, value: id }));
  return [error("kubeflow.profile", `Kubeflow ${release.id} has no profile «${label(profile, 60)}».`, instead)];
}

/** Parts that cannot be together. */
function conflicts(wish: KubeflowWish, release: Release): readonly Finding[] {
  try {
    resolve(release, wantedOf(wish));
    return [];
  } catch (problem) {
    if (!(problem instanceof UserError)) throw problem;
    // What there is not, is said where it was chosen.
    return problem.code === "component-conflict" ? [error("kubeflow.components", problem.message)] : [];
  }
}

function wrongPeople({ people }: KubeflowWish): readonly Finding[] {
  const field = "kubeflow.people";
  if (people.length === 0)
    return [error(field, "Give your e-mail address: you sign in by it, and your namespace is named after it.")];
  if (people.length > MOST_PEOPLE)
    return [error(field, `At most ${MOST_PEOPLE} people; more come by the identity provider of your house.`)];
  const odd = people.find((email) => !isEmail(email));
  if (odd !== undefined) return [error(field, `«${label(odd, 80)}» is no e-mail address.`)];
  const lower = people.map((email) => email.toLowerCase());
  const twice = people.find((_, at) => lower.indexOf(lower[at] ?? "") !== at);
  if (twice === undefined) return [];
  return [
    error(field, `${label(twice, 80)} stands there twice.`, [
      { label: "Once", value: people.filter((_, at) => lower.indexOf(lower[at] ?? "") === at) },
    ]),
  ];
}

function wrongClass({ profile, storageClass }: KubeflowWish): readonly Finding[] {
  if (profile === "" || storageClass === "" || CLASS_NAME.test(storageClass)) return [];
  return [error("kubeflow.storageClass", `«${label(storageClass, 80)}» cannot be the name of a StorageClass.`)];
}

/** What the cluster is against what the release is made for. */
function unfit(order: readonly Resolved[], release: Release, facts: FormFacts): readonly Finding[] {
  if (order.length === 0) return [];
  const field = "kubeflow.profile";
  const { oldest, newest } = release.kubernetes;
  const found: Finding[] = [];
  const minor = Number(/^1\.(\d{1,3})$/.exec(facts.version ?? "")?.[1]);
  if (minor < oldest || minor > newest) {
    const message = `Kubeflow ${release.id} is made for Kubernetes 1.${oldest} to 1.${newest}, and the cluster has 1.${minor}.`;
    found.push({ field, severity: minor < oldest ? "error" : "warning", message });
  }
  const { cpu, memory } = needs(order);
  const { cpus = Infinity, memoryGiB = Infinity } = facts;
  if (cpu > cpus * 1000 || memory > memoryGiB * 1024)
    found.push({
      field,
      severity: "warning",
      message: `It takes more than the cluster has at first. ${takes(order)}, beside the system’s own pods.`,
    });
  return found;
}

function error(field: string, message: string, instead?: Finding["instead"]): Finding {
  return { field, severity: "error", message, ...(instead !== undefined && { instead }) };
}
