// Small manifests: objects with as much in them as an install looks at.

type Fields = Readonly<Record<string, unknown>>;

/** An object; `space` is empty for what is in none. */
export function make(apiVersion: string, kind: string, space: string, name: string, fields: Fields = {}): object {
  const { metadata, ...rest } = fields;
  const place = space === "" ? {} : { namespace: space };
  return { apiVersion, kind, metadata: { name, ...place, ...(metadata ?? {}) }, ...rest };
}

export const namespace = (name: string, labels: Fields = {}): object =>
  make("v1", "Namespace", "", name, { metadata: { labels } });
export const account = (space: string, name: string): object => make("v1", "ServiceAccount", space, name);
export const settings = (space: string, name: string, data: Fields): object =>
  make("v1", "ConfigMap", space, name, { data });
export const claim = (space: string, name: string, storage: string): object =>
  make("v1", "PersistentVolumeClaim", space, name, {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
  });

/** What lets the pods of a namespace talk to each other, and nobody else to them. */
export const sameNamespace = (space: string): object =>
  make("networking.k8s.io/v1", "NetworkPolicy", space, `default-allow-same-namespace-${space}`, {
    spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [{ podSelector: {} }] }] },
  });

/** A cluster role; with `who` it is given to that account of a namespace, else it is added to a role of Kubeflow. */
export function role(name: string, group: string, who?: readonly [space: string, account: string]): readonly object[] {
  const RBAC = "rbac.authorization.k8s.io";
  const rules = [{ apiGroups: [group], resources: ["*"], verbs: ["get", "list", "watch"] }];
  if (who === undefined) {
    const labels = { "rbac.authorization.kubeflow.org/aggregate-to-kubeflow-view": "true" };
    return [make(`${RBAC}/v1`, "ClusterRole", "", name, { metadata: { labels }, rules })];
  }
  const [namespace, account] = who;
  return [
    make(`${RBAC}/v1`, "ClusterRole", "", name, { rules }),
    make(`${RBAC}/v1`, "ClusterRoleBinding", "", name, {
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name: account, namespace }],
    }),
  ];
}

interface Workload {
  readonly kind?: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly replicas?: number;
  /** Name and number of the port behind its Service, which is left out where there is none. */
  readonly port?: readonly [name: string, number: number];
  readonly service?: string;
  readonly labels?: Fields;
  /** PersistentVolumeClaim that its pods mount. */
  readonly claim?: string;
}

/** A workload with what comes with every one: its account, and a Service on port 443 of webhooks, 80 of all others. */
export function workload(space: string, name: string, options: Workload = {}): readonly object[] {
  const { kind = "Deployment", replicas = 1, port, service = name, labels = { app: name }, claim } = options;
  const ports = port === undefined ? [] : [{ name: port[0], containerPort: port[1] }];
  const volumes = claim === undefined ? [] : [{ name: "data", persistentVolumeClaim: { claimName: claim } }];
  const [apiVersion, selector] = ["apps/v1", { matchLabels: labels }];
  const containers = [{ name: "main", image: "none", ports }];
  const spec = {
    ...(kind === "DaemonSet" ? {} : { replicas }),
    ...(kind === "StatefulSet" ? { serviceName: service } : {}),
    selector,
    // Nobody waits for what a fake pod would still do at its end.
    template: {
      metadata: { labels },
      spec: { terminationGracePeriodSeconds: 0, serviceAccountName: name, containers, volumes },
    },
  };
  const made = [account(space, name), make(apiVersion, kind, space, name, { metadata: { labels }, spec })];
  if (port === undefined) return made;
  const at = { name: port[0], port: port[0] === "http" ? 80 : 443, targetPort: port[1] };
  return [
    ...made,
    make("v1", "Service", space, service, { metadata: { labels }, spec: { selector: labels, ports: [at] } }),
  ];
}

/** A page behind the gateway: its program, its settings, its rights, its route, and who may reach it. */
export function webApp(space: string, name: string, prefix: string, labels: Fields = { app: name }): readonly object[] {
  return [
    ...workload(space, name, { port: ["http", 5000], labels }),
    ...role(name, "kubeflow.org", [space, name]),
    settings(space, `${name}-config`, { prefix }),
    make("networking.istio.io/v1", "VirtualService", space, name, {
      spec: {
        gateways: ["kubeflow/kubeflow-gateway"],
        hosts: ["*"],
        http: [
          {
            match: [{ uri: { prefix } }],
            route: [{ destination: { host: `${name}.${space}.svc.cluster.local`, port: { number: 80 } } }],
          },
        ],
      },
    }),
    make("security.istio.io/v1", "AuthorizationPolicy", space, name, {
      spec: { selector: { matchLabels: labels }, action: "ALLOW", rules: [{}] },
    }),
  ];
}

/** @param kinds kind → plural; a kind that begins with `Cluster`, and Profile, is in no namespace */
export function definitions(group: string, versions: readonly string[], kinds: Readonly<Record<string, string>>) {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return Object.entries(kinds).map(([kind, plural]) =>
    make("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", `${plural}.${group}`, {
      spec: {
        group,
        scope: /^(Cluster|Profile$)/.test(kind) ? "Cluster" : "Namespaced",
        names: { kind, plural },
        versions: versions.map((name, at) => ({
          ...{ name, served: true, storage: at === 0, schema, subresources: { status: {} } },
        })),
      },
    }),
  );
}

interface Hook {
  readonly kind: "Mutating" | "Validating";
  readonly service: readonly [space: string, name: string];
  readonly asks: Readonly<Record<string, readonly string[]>>;
  readonly metadata?: Fields;
  /** Selectors and other fields of the webhook itself. */
  readonly more?: Fields;
}

/** A fail-closed webhook, with the line end in the place of its authority that upstream's generators write. */
export function hook(name: string, { kind, service: [namespace, service], asks, metadata, more }: Hook): object {
  const rules = Object.entries(asks).map(([group, resources]) => ({
    ...{ apiGroups: [group], apiVersions: ["*"], operations: ["CREATE", "UPDATE"], resources },
  }));
  const clientConfig = { caBundle: "Cg==", service: { name: service, namespace, path: `/${kind.toLowerCase()}` } };
  const answers = { admissionReviewVersions: ["v1"], sideEffects: "None", failurePolicy: "Fail" };
  return make("admissionregistration.k8s.io/v1", `${kind}WebhookConfiguration`, "", name, {
    ...(metadata === undefined ? {} : { metadata }),
    webhooks: [{ name: `${name}.kubeflow.org`, ...answers, clientConfig, rules, ...more }],
  });
}

/** A certificate that signs itself, and the annotation that has its authority put into a webhook. */
export function certificate(space: string, name: string, secretName: string) {
  const issuer = `${name}-issuer`;
  return {
    metadata: { annotations: { "cert-manager.io/inject-ca-from": `${space}/${name}` } },
    objects: [
      make("cert-manager.io/v1", "Issuer", space, issuer, { spec: { selfSigned: {} } }),
      make("cert-manager.io/v1", "Certificate", space, name, {
        spec: { secretName, dnsNames: [`${name}.${space}.svc`], issuerRef: { kind: "Issuer", name: issuer } },
      }),
    ],
  };
}
