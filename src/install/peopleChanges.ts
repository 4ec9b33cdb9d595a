// What is made for one install in the place of what upstream writes for everybody: who may sign in, whose namespaces
// there are, the secrets between the parts of the sign-in, and on EKS who issues the cluster's tokens. Names and keys:
// common/dex/base, common/oauth2-proxy/base and overlays/m2m-dex-and-eks, common/user-namespace/base (26.03.1-rc.2).
import { createHash } from "node:crypto";
import { parse, stringify } from "yaml";
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import { record, text } from "../kubeflow/read.ts";
import { hashVariable } from "./accounts.ts";
import type { ChangeSettings } from "./changes.ts";
import type { Manifest } from "./objects.ts";
import { profileNames } from "./people.ts";
import type { Quota } from "./release.ts";

/** What stands for the issuer in the overlay for EKS. */
const EKS_ISSUER = "https://oidc.eks.AWS_REGION.amazonaws.com/id/CLUSTER_ID";
const GPU = "nvidia.com/gpu";

const who = ({ choice }: ChangeSettings): string => label((choice.people ?? []).join(", "), 300);

export const PEOPLE_CHANGES = [
  {
    what: (settings: ChangeSettings): string =>
      `${who(settings)} may sign in instead of ${settings.release.madeUp?.email ?? ""}, with a password made for this install`,
    why: "everybody knows the password that it comes with",
    make: accounts,
  },
  {
    what: "The secrets between Dex and oauth2-proxy are made for this install",
    why: "everybody knows those that they come with",
    make: signInSecrets,
  },
  {
    what: "Dex and oauth2-proxy bear a mark of their accounts and secrets",
    why: "they read them only when they start, and have to start anew when those change",
    make: marked,
  },
  {
    what: (settings: ChangeSettings): string => {
      const { cpu, memoryGiB, gpus } = settings.choice.quota ?? NO_QUOTA;
      const limits = [
        cpu > 0 && plural(cpu, "CPU"),
        memoryGiB > 0 && `${memoryGiB} GiB`,
        gpus > 0 && plural(gpus, "GPU"),
      ];
      const said = limits.filter((limit) => limit !== false).join(", ");
      const names = [...profileNames(settings.choice.people ?? []).values()].join(", ");
      return `The namespaces ${names} are made${said === "" ? "" : `, each with a quota of ${said}`}`;
    },
    why: "the one that it comes with belongs to a made-up person",
    make: profiles,
  },
  {
    what: (settings: ChangeSettings): string =>
      `What is meant for ${settings.release.madeUp?.namespace ?? ""} goes to ${firstNamespace(settings)}`,
    why: "the namespace that it comes with is not made",
    make: renamed,
  },
  {
    what: ({ issuer = "" }: ChangeSettings): string => `The issuer of the cluster’s tokens is ${label(issuer, 200)}`,
    why: "a placeholder stands there",
    make: eksIssuer,
  },
  {
    what: "Cookies of the sign-in go without https too",
    why: "the way in is a port-forward to this computer, by http",
    make: plainCookies,
  },
];

const NO_QUOTA: Quota = { cpu: 0, memoryGiB: 0, gpus: 0 };

function isAt(object: Manifest, kind: string, namespace: string, name: RegExp): boolean {
  return object.kind === kind && object.metadata.namespace === namespace && name.test(object.metadata.name);
}

function accounts(object: Manifest, { secrets }: ChangeSettings): Manifest {
  const people = secrets.accounts;
  if (people.length === 0) return object;
  if (isAt(object, "Secret", "auth", /^dex-passwords$/)) {
    return {
      ...object,
      data: {},
      stringData: Object.fromEntries(people.map(({ email, hash }) => [hashVariable(email), hash])),
    };
  }
  if (!isAt(object, "ConfigMap", "auth", /^dex$/)) return object;
  const data = record(object["data"]);
  const config = record(parse(text(data["config.yaml"]) ?? ""));
  const staticPasswords = people.map(({ email }) => ({
    email,
    hashFromEnv: hashVariable(email),
    username: email.slice(0, email.lastIndexOf("@")),
    userID: createHash("sha256").update(email).digest("hex").slice(0, 16),
  }));
  return { ...object, data: { ...data, "config.yaml": stringify({ ...config, staticPasswords }) } };
}

function signInSecrets(object: Manifest, { secrets }: ChangeSettings): Manifest {
  const values = isAt(object, "Secret", "auth", /^dex-oidc-client$/)
    ? { OIDC_CLIENT_SECRET: secrets.clientSecret }
    : isAt(object, "Secret", "oauth2-proxy", /^oauth2-proxy(-[a-z0-9]{10})?$/)
      ? { "client-secret": secrets.clientSecret, "cookie-secret": secrets.cookieSecret }
      : undefined;
  if (values === undefined || secrets.accounts.length === 0) return object;
  const encoded = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return { ...object, data: { ...record(object["data"]), ...Object.fromEntries(encoded) } };
}

/** Of pods that read their Secrets when they start; tells nothing of what is in them. */
function marked(object: Manifest, { secrets }: ChangeSettings): Manifest {
  const isIt =
    isAt(object, "Deployment", "auth", /^dex$/) || isAt(object, "Deployment", "oauth2-proxy", /^oauth2-proxy$/);
  if (!isIt || secrets.accounts.length === 0) return object;
  const { accounts: people, clientSecret, cookieSecret } = secrets;
  const mark = createHash("sha256")
    .update(JSON.stringify([people, clientSecret, cookieSecret]))
    .digest("hex")
    .slice(0, 16);
  const spec = record(object["spec"]);
  const template = record(spec["template"]);
  const metadata = record(template["metadata"]);
  const annotations = { ...record(metadata["annotations"]), "trainyard/secrets": mark };
  return { ...object, spec: { ...spec, template: { ...template, metadata: { ...metadata, annotations } } } };
}

function profiles(object: Manifest, { release, choice }: ChangeSettings): Manifest | readonly Manifest[] {
  const people = choice.people ?? [];
  const isMadeUp = object.kind === "Profile" && object.metadata.name === release.madeUp?.namespace;
  if (!isMadeUp || people.length === 0) return object;
  const hard = quota(choice.quota ?? NO_QUOTA);
  return [...profileNames(people)].map(([email, name]) => ({
    ...object,
    metadata: { ...object.metadata, name },
    spec: {
      ...record(object["spec"]),
      owner: { kind: "User", name: email },
      ...(Object.keys(hard).length === 0 ? {} : { resourceQuotaSpec: { hard } }),
    },
  }));
}

/** A quota counts what pods ask for (Kubernetes: `requests.` of a resource quota). */
function quota({ cpu, memoryGiB, gpus }: Quota): Readonly<Record<string, string>> {
  return {
    ...(cpu > 0 && { "requests.cpu": String(cpu) }),
    ...(memoryGiB > 0 && { "requests.memory": `${memoryGiB}Gi` }),
    ...(gpus > 0 && { [`requests.${GPU}`]: String(gpus) }),
  };
}

function firstNamespace({ release, choice }: ChangeSettings): string {
  const [first] = profileNames(choice.people ?? []).values();
  return first ?? release.madeUp?.namespace ?? "";
}

function renamed(object: Manifest, settings: ChangeSettings): Manifest {
  const from = settings.release.madeUp?.namespace;
  if (from === undefined || (settings.choice.people ?? []).length === 0) return object;
  return replacedIn(object, from, firstNamespace(settings));
}

function eksIssuer(object: Manifest, { choice, issuer }: ChangeSettings): Manifest {
  if (choice.platform !== "eks" || issuer === undefined) return object;
  return replacedIn(object, EKS_ISSUER, issuer);
}

function plainCookies(object: Manifest): Manifest {
  const data = record(object["data"]);
  const isIt = isAt(object, "ConfigMap", "oauth2-proxy", /^oauth2-proxy-parameters(-[a-z0-9]{10})?$/);
  return isIt && data["FORCE_HTTPS"] === "true" ? { ...object, data: { ...data, FORCE_HTTPS: "false" } } : object;
}

/** The same object where the text stands nowhere in it. */
function replacedIn(object: Manifest, from: string, to: string): Manifest {
  const before = JSON.stringify(object);
  // Neither holds a character that JSON would escape.
  return before.includes(from) ? (JSON.parse(before.replaceAll(from, to)) as Manifest) : object;
}
