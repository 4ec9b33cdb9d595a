// What of Kubeflow goes into a cluster: a part of the form, and all of it for a cluster that is there. Which fields there
// are is the extension's to say: a field that it has an entry for among its choices, though it be empty, is asked for.
import { after, type Child, h, type VNode } from "../ui/dom.ts";
import { fold } from "../ui/elements.ts";
import { folder, type FormContext, list, number, oneOf, pick, several, toggle } from "./fields.ts";
import { errors, hasAccounts } from "./state.ts";
import { WORDS } from "./words.ts";

/** A radio cannot stand for "". */
const NOTHING = "nothing";
/** Single components instead of a profile of the release. */
const PARTS = "parts";

/** Empty where the extension offers no Kubeflow. */
export function kubeflowFields(context: FormContext): Child[] {
  const { wish, state } = context;
  const profiles = state.preview?.choices["kubeflow.profile"] ?? [];
  if (profiles.length === 0) return [];
  const { profile } = wish.kubeflow;
  const options = profiles.map((one) => ({ ...one, value: one.value || NOTHING }));
  const choose = (value: string): void =>
    context.dispatch({ type: "edit", path: "kubeflow.profile", value: value === NOTHING ? "" : value });
  const what = oneOf(context, "kubeflow.profile", WORDS.kubeflowProfile, options, profile || NOTHING, choose);
  if (profile === "") return [what];
  return [
    what,
    profile === PARTS && several(context, "kubeflow.components", WORDS.components, WORDS.noComponents),
    hasAccounts(state) &&
      list(context, "kubeflow.people", WORDS.people, { hint: WORDS.peopleHint, placeholder: WORDS.peopleExample }),
    state.preview?.choices["kubeflow.sample"] !== undefined && toggle(context, "kubeflow.sample", WORDS.sample),
    more(context),
  ];
}

/** What few have to say. */
function more(context: FormContext): VNode {
  const quota = [
    number(context, "kubeflow.quota.cpu", WORDS.cpus),
    number(context, "kubeflow.quota.memoryGiB", WORDS.memory),
    number(context, "kubeflow.quota.gpus", WORDS.gpus),
  ];
  const fields = fold(
    "more",
    WORDS.moreFields,
    hasAccounts(context.state) &&
      h(
        "fieldset",
        { class: "plain" },
        h("legend", { class: "label" }, WORDS.quota),
        h("div", { class: "row thirds" }, quota),
      ),
    pick(context, "kubeflow.storageClass", WORDS.storageClass, { placeholder: WORDS.storageDefault }),
    folder(context, "kubeflow.folder", WORDS.releaseFolder, { hint: WORDS.releaseFolderHint }),
  );
  const isWrong = errors(context.state).some(({ field }) => /^kubeflow\.(quota|storageClass|folder)\b/.test(field));
  // Opened and closed by whoever reads it, but for what must be put right.
  return after(fields, (element) => {
    if (isWrong) element.setAttribute("open", "");
  });
}
