// What an extension would say to the wizard's page about Kubeflow: choices, what comes, plans and timelines.
import type { Check, Choice, MadeThing, PlanWords, Preview, Step } from "../../src/contract/preview.ts";
import { type KubeflowWish, NO_KUBEFLOW, type Wish } from "../../src/contract/wish.ts";
import type { WizardState } from "../../src/contract/wizard.ts";
import { GKE, LOCAL_PREVIEW } from "./fixtures.ts";
import { ENDED, FORM, NOW, RUNNING } from "./states.ts";

export const PEOPLE = ["ana@example.com", "ben@example.com"];

const PROFILES: readonly Choice[] = [
  { value: "", label: "Nothing", detail: "The cluster alone; Kubeflow can come later." },
  {
    value: "training",
    label: "Training",
    detail: "Training jobs of both generations. Small; needs no sign-in. 0.3 CPUs and 0.4 GB.",
  },
  { value: "pipelines", label: "Pipelines", detail: "Kubeflow Pipelines by themselves. 1.2 CPUs, 3.5 GB, 60 GB disk." },
  {
    value: "full",
    label: "Full platform",
    detail: "Everything, behind one page with sign-in. 5.4 CPUs, 12 GB, 65 GB disk.",
  },
  { value: "parts", label: "Single components", detail: "Those that you choose, with what they need." },
];

/** Id, name, version, what it is for. */
const COMPONENTS = [
  ["cert-manager", "cert-manager", "1.20.2", "makes the certificates of the other parts’ webhooks"],
  ["istio", "Istio", "1.30.1", "carries all traffic between the parts"],
  ["dex", "Dex", "2.45.1", "knows the people who may sign in"],
  ["dashboard", "Central Dashboard", "2.0.0", "the start page, and a namespace for each person"],
  ["knative", "Knative Serving", "1.22.0", "scales what serves models with the requests"],
  ["kserve", "KServe", "0.18.0", "serves models"],
  ["pipelines", "Pipelines", "2.16.1", "pipelines for many people"],
  ["notebooks", "Notebooks", "1.11.0", "Jupyter and other workbenches"],
  ["katib", "Katib", "0.19.0", "searches for the best hyperparameters"],
  ["hub", "Hub", "0.3.9", "a registry and a catalogue of models"],
  ["training-operator", "Training Operator", "1.9.2", "runs training jobs of the first generation"],
  ["trainer", "Trainer", "2.2.0", "runs TrainJobs by runtimes, over JobSet"],
] as const;

const OF_TRAINING = ["training-operator", "trainer"];
const isOf = (profile: string, id: string): boolean => profile === "full" || OF_TRAINING.includes(id);

export function withKubeflow(wish: Wish, kubeflow: Partial<KubeflowWish>): Wish {
  return { ...wish, kubeflow: { ...NO_KUBEFLOW, ...kubeflow } };
}

/** The preview with what the extension says of a profile. */
export function kubeflowPreview(preview: Preview, profile: string): Preview {
  const made = COMPONENTS.filter(([id]) => isOf(profile, id)).map(([, what, version, about]): MadeThing => ({
    what,
    detail: `${version}, ${about}`,
    part: "kubeflow",
  }));
  const components = COMPONENTS.map(([value, label, , detail]): Choice => ({ value, label, detail }));
  return {
    ...preview,
    choices: {
      ...preview.choices,
      "kubeflow.profile": PROFILES,
      "kubeflow.components": components,
      "kubeflow.storageClass": [],
      ...(profile === "full" ? { "kubeflow.people": [] } : {}),
      ...(profile === "pipelines" ? {} : { "kubeflow.sample": [] }),
    },
    made: profile === "" ? preview.made : [...preview.made, ...made],
  };
}

/** Of a cluster that is there: nothing of it is made, and nothing of it costs. */
const THERE: Preview = { ...LOCAL_PREVIEW, findings: [], choices: {}, made: [], files: [] };
const CLASSES: readonly Choice[] = [{ value: "standard-rwo", label: "standard-rwo", detail: "the default" }];

export function installPreview(profile: string): Preview {
  const shown = kubeflowPreview(THERE, profile);
  return { ...shown, choices: { ...shown.choices, "kubeflow.storageClass": CLASSES } };
}

export const FULL: Wish = withKubeflow(GKE, { profile: "full", people: PEOPLE });
export const INSTALL_FORM: WizardState = { ...FORM, mode: "install" };

export const INSTALL_CHECKS: readonly Check[] = [
  { id: "version", label: "Kubernetes", state: "ok", detail: "v1.35.2; Kubeflow 26.03.1 is made for 1.34 to 1.36." },
  { id: "rights", label: "Permissions", state: "ok", detail: "You may make everything that belongs to it." },
  {
    id: "there-cert-manager",
    label: "cert-manager is there already",
    state: "failed",
    detail: "14 of its objects were made by helm. Kubeflow can use them as they are, or take them over.",
    fix: "Take Over…",
  },
  { id: "room", label: "Room", state: "warning", detail: "5.4 CPUs are asked for, and 4.8 are free." },
];

const item = (what: string, address: string): PlanWords["groups"][number]["items"][number] => ({
  action: "create",
  what,
  address,
});

const PLAN: PlanWords = {
  creates: 317,
  changes: 0,
  replaces: 0,
  destroys: 0,
  sentence: "Installs 12 components of Kubeflow 26.03.1 with 317 objects into ml-team.",
  notes: [
    {
      title: "Where the files come from",
      lines: ["kubeflow/community-distribution at 26.03.1, commit 8c2f7a1d90, as an archive of 4.1 MB"],
    },
    {
      title: "What is changed of them",
      lines: [
        "Every object bears the label trainyard/component, so that an uninstall takes away what was installed, and nothing else",
        "Dex: ana@example.com and ben@example.com may sign in with a password made for this install, because everybody knows the one that it comes with",
        "Istio: the CNI’s folder is that of GKE, because /opt/cni/bin is read-only there",
      ],
    },
  ],
  groups: COMPONENTS.map(([id, title]) => ({
    title,
    items: Array.from({ length: 9 }, (_, at) => item("Deployment", `${id}/${id}-${at}`)),
  })),
};

export const INSTALL_PLANNED: WizardState = { ...INSTALL_FORM, phase: "planned", plan: PLAN };

const SECOND = 1000;

function componentStep(id: string, label: string, at: number): Step {
  const step: Step = { id: `kubeflow-${id}`, label, state: "done", detail: `${9 + at} objects` };
  const startedAt = NOW - 300 * SECOND + at * 9 * SECOND;
  if (id === "katib")
    return {
      ...step,
      state: "failed",
      detail: "Deployment katib-controller: pod katib-controller-7d4b: ImagePullBackOff, ghcr.io answers 403",
      startedAt,
      endedAt: startedAt + 94 * SECOND,
      next: ["Try Again"],
    };
  if (id === "hub") return { ...step, state: "skipped", detail: "it needs Katib" };
  if (id === "kserve")
    return { ...step, state: "running", detail: "waits for endpoints of kserve-webhook-server-service", startedAt };
  return at < 10
    ? { ...step, startedAt, endedAt: startedAt + (20 + at) * SECOND }
    : { ...step, state: "waiting", detail: "" };
}

const COMPONENT_STEPS = COMPONENTS.map(([id, label], at) => componentStep(id, label, at));
const AFTERWARDS: readonly Step[] = [
  { id: "dashboard", label: "Dashboard", state: "waiting", detail: "" },
  { id: "sample", label: "Sample job", state: "waiting", detail: "" },
];

export const INSTALL_RUNNING: WizardState = {
  ...INSTALL_PLANNED,
  phase: "running",
  steps: [...COMPONENT_STEPS, ...AFTERWARDS],
  cancel: { possible: true, meaning: "What is applied stays, and the install can go on from there." },
};

const done = (step: Step): Step => ({
  ...step,
  state: "done",
  detail: step.id === "sample" ? "sample-7c1d: 2 of 2 ranks succeeded" : "",
  startedAt: NOW - 60 * SECOND,
  endedAt: NOW,
});

export const INSTALL_ENDED: WizardState = {
  ...INSTALL_RUNNING,
  phase: "ended",
  steps: [
    ...COMPONENT_STEPS.map((step) => ({ ...done(step), detail: "24 objects", next: [] })),
    ...AFTERWARDS.map(done),
  ],
  cancel: ENDED.cancel,
  outcome: {
    good: true,
    message: "Kubeflow 26.03.1 is in ml-team, and all 12 components are healthy.",
    next: ["Open Kubeflow Dashboard", "Show Accounts"],
  },
};

/** A cluster that was made, and Kubeflow on its way into it. */
export const NEW_RUNNING: WizardState = {
  ...RUNNING,
  steps: [
    ...RUNNING.steps.map((step) => ({ ...done(step), parts: [] })),
    {
      id: "kubeflow",
      label: "Kubeflow",
      state: "running",
      detail: "8 of 12 components",
      startedAt: NOW - 300 * SECOND,
    },
    ...COMPONENT_STEPS,
    ...AFTERWARDS,
  ],
};
