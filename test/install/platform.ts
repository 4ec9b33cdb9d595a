// What the test release has of the platform where no Go module carries upstream's manifests: small ones of the same
// shape (kinds, names and namespaces of kubeflow/community-distribution 26.03.1-rc.2), by the folder that they are in.
import { certificate, claim, definitions, hook, make, namespace, role, sameNamespace, settings } from "./shapes.ts";
import { webApp, workload } from "./shapes.ts";

const ISTIO = "networking.istio.io/v1";
const SECURITY = "security.istio.io/v1";
const INJECTED = { "istio-injection": "enabled" };
const HTTP = { number: 80, name: "http", protocol: "HTTP" };
const MADE_UP = "kubeflow-user-example-com";

const gateway = (space: string, name: string, istio: string): object =>
  make(ISTIO, "Gateway", space, name, { spec: { selector: { istio }, servers: [{ hosts: ["*"], port: HTTP }] } });
const policy = (space: string, name: string, spec: object): object =>
  make(SECURITY, "AuthorizationPolicy", space, name, { spec });
const jwt = (space: string, name: string): object =>
  make(SECURITY, "RequestAuthentication", space, name, {
    spec: { jwtRules: [{ issuer: "http://dex.auth.svc.cluster.local:5556/dex" }] },
  });
const aggregated = (name: string): object =>
  make("rbac.authorization.k8s.io/v1", "ClusterRole", "", name, {
    aggregationRule: {
      clusterRoleSelectors: [{ matchLabels: { [`rbac.authorization.kubeflow.org/aggregate-to-${name}`]: "true" } }],
    },
    rules: [],
  });
/** A Secret as it is written where its values are read by people. */
const secret = (space: string, name: string, stringData: object): object =>
  make("v1", "Secret", space, name, { stringData });
const encoded = (text: string): string => Buffer.from(text).toString("base64");

const CERT_MANAGER = [
  namespace("cert-manager"),
  ...[
    { app: "cert-manager", name: "cert-manager", port: ["http", 9402] as const },
    { app: "cainjector", name: "cert-manager-cainjector", port: ["http", 9402] as const },
    { app: "webhook", name: "cert-manager-webhook", port: ["https", 10250] as const },
  ].flatMap(({ app, name, port }) => [
    ...workload("cert-manager", name, { port, labels: { app, "app.kubernetes.io/instance": "cert-manager" } }),
    ...role(name, "cert-manager.io", ["cert-manager", name]),
  ]),
  ...(["Mutating", "Validating"] as const).map((kind) =>
    hook("cert-manager-webhook", {
      kind,
      service: ["cert-manager", "cert-manager-webhook"],
      asks: kind === "Mutating" ? { "cert-manager.io": ["certificaterequests"] } : { "cert-manager.io": ["*/*"] },
    }),
  ),
];

const ISTIO_INSTALL = [
  ...workload("istio-system", "istiod", {
    port: ["https-webhooks", 15017],
    labels: { app: "istiod", istio: "pilot", "sidecar.istio.io/inject": "false" },
  }),
  ...role("istiod-clusterrole-istio-system", "networking.istio.io", ["istio-system", "istiod"]),
  ...workload("istio-system", "istio-ingressgateway", {
    port: ["http", 8080],
    labels: { app: "istio-ingressgateway", istio: "ingressgateway", "sidecar.istio.io/inject": "false" },
  }),
  ...workload("kube-system", "istio-cni-node", { kind: "DaemonSet", labels: { "k8s-app": "istio-cni-node" } }),
  settings("istio-system", "istio", { mesh: "accessLogFile: /dev/stdout" }),
  settings("istio-system", "istio-sidecar-injector", { config: "policy: enabled" }),
  gateway("istio-system", "istio-ingressgateway", "ingressgateway"),
  make(ISTIO, "Sidecar", "istio-system", "default", { spec: { egress: [{ hosts: ["./*", "istio-system/*"] }] } }),
  policy("istio-system", "global-deny-all", {}),
  policy("istio-system", "istio-ingressgateway", { selector: { matchLabels: { app: "istio-ingressgateway" } } }),
  hook("istio-sidecar-injector", {
    kind: "Mutating",
    service: ["istio-system", "istiod"],
    asks: { "": ["pods"] },
    more: {
      namespaceSelector: { matchLabels: INJECTED },
      objectSelector: {
        matchExpressions: [{ key: "sidecar.istio.io/inject", operator: "NotIn", values: ["false"] }],
      },
    },
  }),
  hook("istio-validator-istio-system", {
    kind: "Validating",
    service: ["istio-system", "istiod"],
    asks: { "security.istio.io": ["*"], "networking.istio.io": ["*"] },
    more: { failurePolicy: "Ignore", objectSelector: { matchLabels: { "istio.io/rev": "default" } } },
  }),
];

const OAUTH2_PROXY = [
  namespace("oauth2-proxy"),
  ...workload("oauth2-proxy", "oauth2-proxy", { port: ["http", 4180], replicas: 2 }),
  make(ISTIO, "VirtualService", "oauth2-proxy", "oauth2-proxy", {
    spec: {
      gateways: ["kubeflow/kubeflow-gateway"],
      hosts: ["*"],
      http: [
        {
          match: [{ uri: { prefix: "/oauth2/" } }],
          route: [{ destination: { host: "oauth2-proxy.oauth2-proxy.svc.cluster.local", port: { number: 80 } } }],
        },
      ],
    },
  }),
  policy("istio-system", "istio-ingressgateway-oauth2-proxy", {
    action: "CUSTOM",
    provider: { name: "oauth2-proxy" },
    rules: [{}],
    selector: { matchLabels: { app: "istio-ingressgateway" } },
  }),
  jwt("istio-system", "dex-jwt"),
  sameNamespace("oauth2-proxy"),
];

const DEX_CONFIG = `issuer: http://dex.auth.svc.cluster.local:5556/dex
enablePasswordDB: true
staticPasswords:
- email: user@example.com
  hashFromEnv: DEX_USER_PASSWORD
  username: user
  userID: "1"
staticClients:
- idEnv: OIDC_CLIENT_ID
  redirectURIs: ["/oauth2/callback"]
  name: Dex Login Application
  secretEnv: OIDC_CLIENT_SECRET
`;

const DEX = [
  namespace("auth"),
  ...definitions("dex.coreos.com", ["v1"], { AuthCode: "authcodes" }),
  ...workload("auth", "dex", { port: ["http", 5556], replicas: 2 }),
  ...role("dex", "dex.coreos.com", ["auth", "dex"]),
  settings("auth", "dex", { "config.yaml": DEX_CONFIG }),
  secret("auth", "dex-passwords", { DEX_USER_PASSWORD: "well-known" }),
  make("v1", "Secret", "auth", "dex-oidc-client", {
    data: { OIDC_CLIENT_ID: encoded("kubeflow-oidc"), OIDC_CLIENT_SECRET: encoded("well-known") },
  }),
  sameNamespace("auth"),
];

const PODDEFAULTS = certificate("kubeflow", "poddefaults-webhook-cert", "poddefaults-webhook-certs");
const DASHBOARD = [
  ...definitions("kubeflow.org", ["v1", "v1beta1"], { Profile: "profiles" }),
  ...definitions("kubeflow.org", ["v1alpha1"], { PodDefault: "poddefaults" }),
  ...webApp("kubeflow", "dashboard", "/", { app: "dashboard", "app.kubernetes.io/part-of": "kubeflow-dashboard" }),
  ...workload("kubeflow", "profiles-deployment", {
    port: ["http", 8081],
    service: "profiles-kfam",
    labels: { app: "profile-controller", "app.kubernetes.io/part-of": "kubeflow-dashboard" },
  }),
  ...role("profiles-cluster-rolebinding", "*", ["kubeflow", "profiles-deployment"]),
  ...workload("kubeflow", "poddefaults-webhook-deployment", {
    port: ["https-webhook", 4443],
    service: "poddefaults-webhook-service",
    labels: {
      app: "poddefaults",
      "app.kubernetes.io/part-of": "kubeflow-dashboard",
      "sidecar.istio.io/inject": "false",
    },
  }),
  ...PODDEFAULTS.objects,
  hook("poddefaults-webhook-mutating-webhook-configuration", {
    kind: "Mutating",
    service: ["kubeflow", "poddefaults-webhook-service"],
    asks: { "": ["pods"] },
    metadata: PODDEFAULTS.metadata,
    more: { namespaceSelector: { matchLabels: { "app.kubernetes.io/part-of": "kubeflow-profile" } } },
  }),
];

/** Of the modules that Knative Serving needs besides its own, none of which can be had. */
const KNATIVE = [
  ...definitions("networking.internal.knative.dev", ["v1alpha1"], {
    Certificate: "certificates",
    ClusterDomainClaim: "clusterdomainclaims",
    Ingress: "ingresses",
    ServerlessService: "serverlessservices",
  }),
  ...definitions("caching.internal.knative.dev", ["v1alpha1"], { Image: "images" }),
  ...workload("knative-serving", "net-istio-controller"),
  ...workload("knative-serving", "net-istio-webhook", { port: ["https-webhook", 8443] }),
  ...(["Mutating", "Validating"] as const).map((kind) =>
    hook(kind === "Mutating" ? "webhook.istio.networking" : "config.webhook.istio.networking", {
      kind,
      service: ["knative-serving", "net-istio-webhook"],
      asks: {},
    }),
  ),
  gateway("knative-serving", "knative-local-gateway", "ingressgateway"),
  make(SECURITY, "PeerAuthentication", "knative-serving", "webhook", {
    spec: { selector: { matchLabels: { app: "webhook" } }, portLevelMtls: { "8443": { mode: "PERMISSIVE" } } },
  }),
  sameNamespace("knative-serving"),
];

const SERVING_CERT = certificate("kubeflow", "serving-cert", "kserve-webhook-server-cert");
const KSERVE = [
  ...definitions("serving.kserve.io", ["v1beta1"], { InferenceService: "inferenceservices" }),
  ...definitions("serving.kserve.io", ["v1alpha1"], {
    ServingRuntime: "servingruntimes",
    ClusterServingRuntime: "clusterservingruntimes",
  }),
  ...workload("kubeflow", "kserve-controller-manager", {
    port: ["webhook-server", 9443],
    service: "kserve-webhook-server-service",
    labels: { "control-plane": "kserve-controller-manager", "sidecar.istio.io/inject": "false" },
  }),
  ...role("kserve-manager-role", "serving.kserve.io", ["kubeflow", "kserve-controller-manager"]),
  settings("kubeflow", "inferenceservice-config", { deploy: '{"defaultDeploymentMode": "Knative"}' }),
  ...SERVING_CERT.objects,
  hook("inferenceservice.serving.kserve.io", {
    kind: "Mutating",
    service: ["kubeflow", "kserve-webhook-server-service"],
    asks: { "serving.kserve.io": ["inferenceservices"] },
    metadata: SERVING_CERT.metadata,
  }),
  hook("clusterservingruntime.serving.kserve.io", {
    kind: "Validating",
    service: ["kubeflow", "kserve-webhook-server-service"],
    asks: { "serving.kserve.io": ["clusterservingruntimes"] },
    metadata: SERVING_CERT.metadata,
  }),
  ...["kserve-lgbserver", "kserve-mlserver", "kserve-sklearnserver", "kserve-xgbserver"].map((name) =>
    make("serving.kserve.io/v1alpha1", "ClusterServingRuntime", "", name, { spec: { containers: [{ name: "main" }] } }),
  ),
];

const PVCVIEWER = certificate("kubeflow", "pvcviewer-serving-cert", "webhook-server-cert");
const NOTEBOOKS = [
  ...definitions("kubeflow.org", ["v1", "v1beta1", "v1alpha1"], { Notebook: "notebooks" }),
  ...definitions("kubeflow.org", ["v1alpha1"], { PVCViewer: "pvcviewers" }),
  ...definitions("tensorboard.kubeflow.org", ["v1alpha1"], { Tensorboard: "tensorboards" }),
  ...webApp("kubeflow", "jupyter-web-app-deployment", "/jupyter/"),
  ...webApp("kubeflow", "volumes-web-app-deployment", "/volumes/"),
  ...webApp("kubeflow", "tensorboards-web-app-deployment", "/tensorboards/"),
  ...workload("kubeflow", "notebook-controller-deployment"),
  ...role("notebook-controller-role", "kubeflow.org", ["kubeflow", "notebook-controller-deployment"]),
  ...workload("kubeflow", "tensorboard-controller-deployment"),
  ...workload("kubeflow", "pvcviewer-controller-manager", {
    port: ["webhook-server", 9443],
    service: "pvcviewer-webhook-service",
    labels: { app: "pvcviewer", "sidecar.istio.io/inject": "false" },
  }),
  ...["admin", "edit", "view"].flatMap((verb) =>
    role(`notebook-controller-kubeflow-notebooks-${verb}`, "kubeflow.org"),
  ),
  ...PVCVIEWER.objects,
  ...(["Mutating", "Validating"] as const).map((kind) =>
    hook(`pvcviewer-${kind.toLowerCase()}-webhook-configuration`, {
      kind,
      service: ["kubeflow", "pvcviewer-webhook-service"],
      asks: { "kubeflow.org": ["pvcviewers"] },
      metadata: PVCVIEWER.metadata,
    }),
  ),
];

const REGISTRY = [
  claim(MADE_UP, "metadata-postgres", "10Gi"),
  ...workload(MADE_UP, "model-registry-db", { port: ["http", 5432], claim: "metadata-postgres" }),
  ...workload(MADE_UP, "model-registry-deployment", { port: ["http", 8080], service: "model-registry-service" }),
  ...webApp(MADE_UP, "model-registry-ui", "/model-registry/"),
  secret(MADE_UP, "model-registry-db-secrets", { POSTGRES_USER: "root" }),
];

const CATALOG = [
  claim("kubeflow", "model-catalog-postgres", "5Gi"),
  ...workload("kubeflow", "model-catalog-postgres", {
    kind: "StatefulSet",
    port: ["http", 5432],
    claim: "model-catalog-postgres",
    labels: { "app.kubernetes.io/name": "postgres", "app.kubernetes.io/part-of": "model-catalog" },
  }),
  ...workload("kubeflow", "model-catalog-server", { port: ["http", 8080], service: "model-catalog" }),
  settings("kubeflow", "model-catalog-sources", { "sources.yaml": "catalogs: []" }),
];

export const PLATFORM: Readonly<Record<string, readonly object[]>> = {
  namespaces: ["kubeflow", "kubeflow-system"].flatMap((name) => [namespace(name, INJECTED), sameNamespace(name)]),
  "cert-manager/base": CERT_MANAGER,
  "cert-manager/kubeflow": [
    make("cert-manager.io/v1", "ClusterIssuer", "", "kubeflow-self-signing-issuer", { spec: { selfSigned: {} } }),
    sameNamespace("cert-manager"),
  ],
  "istio/crds": [],
  "istio/namespace": [namespace("istio-system"), sameNamespace("istio-system")],
  "istio/install": ISTIO_INSTALL,
  "oauth2-proxy": OAUTH2_PROXY,
  gateway: [
    gateway("kubeflow", "kubeflow-gateway", "ingressgateway"),
    ...["admin", "edit", "view"].flatMap((verb) => role(`kubeflow-istio-${verb}`, "networking.istio.io")),
  ],
  roles: ["admin", "edit", "view"].flatMap((verb) => [
    aggregated(`kubeflow-${verb}`),
    ...role(`kubeflow-kubernetes-${verb}`, "apps"),
  ]),
  dex: DEX,
  dashboard: DASHBOARD,
  "knative/serving": KNATIVE,
  "knative/gateway": [
    ...workload("istio-system", "cluster-local-gateway", { port: ["http", 8080] }),
    gateway("istio-system", "cluster-local-gateway", "cluster-local-gateway"),
    jwt("istio-system", "cluster-local-gateway-jwt"),
  ],
  kserve: KSERVE,
  "kserve-models": webApp("kubeflow", "kserve-models-web-application", "/kserve-endpoints/"),
  notebooks: NOTEBOOKS,
  profile: [
    make("kubeflow.org/v1beta1", "Profile", "", MADE_UP, {
      spec: { owner: { kind: "User", name: "user@example.com" } },
    }),
  ],
  "hub/registry": REGISTRY,
  "hub/catalog": CATALOG,
};
