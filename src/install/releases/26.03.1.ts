// Kubeflow 26.03.1 as data. Read at the tag 26.03.1-rc.2 (2026-06-05) of kubeflow/community-distribution, which the
// release's announcement gives the same versions (kubeflow/blog, _posts/2026-04-11-kubeflow-26.03-release.md). The final
// tag's commit is not known here: what was read is what is installed, by its commit.
//
// Order, paths and waits: .github/workflows/full_kubeflow_integration_test.yaml and the tests/*_install.sh that it calls.
// Needs of CPU, memory and volumes: the matrix of README.md, of which parts share one row where they stand together.
// Which component needs which: by the kinds that its rendered objects use and the namespaces that they are in. Which it
// comes after: where those kinds' webhooks are, and Istio, whose sidecars the namespaces kubeflow and kubeflow-system ask
// for (common/kubeflow-namespace): pods that are made before it have none.
import type { Component, Release } from "../release.ts";

const NOTHING = { cpu: 0, memory: 0, storage: 0 };

/** Namespaces kubeflow and kubeflow-system with their network policies (common/kubeflow-namespace). */
const FOUNDATION: readonly Component[] = [
  {
    id: "namespaces",
    title: "Namespaces",
    version: "",
    about: "Where Kubeflow’s parts live, and who may reach them over the network.",
    needs: [],
    paths: ["common/kubeflow-namespace/base"],
    namespaces: ["kubeflow", "kubeflow-system"],
    readyWithinS: 60,
    uses: NOTHING,
  },
  {
    // tests/cert_manager_install.sh: base, its webhook, then the issuer; 180 s each.
    id: "cert-manager",
    title: "cert-manager",
    version: "1.20.2",
    about: "Makes the certificates of the other parts’ webhooks.",
    needs: [],
    paths: ["common/cert-manager/base", "common/cert-manager/overlays/kubeflow"],
    namespaces: ["cert-manager", "kube-system"],
    waits: [
      {
        apiVersion: "cert-manager.io/v1",
        kind: "ClusterIssuer",
        name: "kubeflow-self-signing-issuer",
        condition: "Ready",
      },
    ],
    readyWithinS: 300,
    uses: { cpu: 3, memory: 128, storage: 0 },
  },
  {
    // tests/istio-cni_install.sh. On GKE the CNI's folder is another one: /opt/cni/bin is read-only there (README.md).
    id: "istio",
    title: "Istio",
    version: "1.30.1",
    about: "Carries all traffic between the parts, and decides who may reach what.",
    needs: ["namespaces"],
    paths: [
      "common/istio/istio-crds/base",
      "common/istio/istio-namespace/base",
      "common/istio/istio-install/overlays/oauth2-proxy",
    ],
    pathsOn: {
      gke: {
        paths: [
          "common/istio/istio-crds/base",
          "common/istio/istio-namespace/base",
          "common/istio/istio-install/overlays/gke",
        ],
        what: "Istio’s CNI plugin goes to /home/kubernetes/bin, by the release’s own overlay for GKE",
        why: "/opt/cni/bin is read-only on GKE's nodes",
      },
    },
    namespaces: ["istio-system", "kube-system", "kubeflow"],
    readyWithinS: 360,
    uses: { cpu: 750, memory: 2364, storage: 0 },
  },
  {
    // tests/oauth2-proxy_install.sh: the three overlays exclude each other. That of EKS wants https at the gateway and
    // names an issuer to be filled in (changes.ts).
    id: "oauth2-proxy",
    title: "oauth2-proxy",
    version: "7.15.2",
    about: "Signs people in at the gateway.",
    needs: ["istio"],
    paths: ["common/oauth2-proxy/overlays/m2m-dex-only"],
    pathsOn: {
      kind: {
        paths: ["common/oauth2-proxy/overlays/m2m-dex-and-kind"],
        what: "oauth2-proxy takes the cluster’s own tokens through a proxy, by the release’s overlay for kind",
        why: "their issuer is known inside of the cluster alone",
      },
      eks: {
        paths: ["common/oauth2-proxy/overlays/m2m-dex-and-eks"],
        what: "oauth2-proxy takes tokens of the cluster’s own issuer, by the release’s overlay for EKS",
        why: "programs in the cluster sign in by them",
      },
    },
    namespaces: ["oauth2-proxy", "istio-system"],
    readyWithinS: 300,
    uses: { cpu: 3, memory: 27, storage: 0 },
  },
  {
    id: "gateway",
    title: "Gateway",
    version: "",
    about: "The one way in to all of Kubeflow’s pages.",
    needs: ["istio"],
    paths: ["common/istio/kubeflow-istio-resources/base"],
    namespaces: ["kubeflow"],
    readyWithinS: 60,
    uses: NOTHING,
  },
  {
    id: "roles",
    title: "Roles",
    version: "",
    about: "Cluster roles that the parts add their own rights to.",
    needs: [],
    paths: ["common/kubeflow-roles/base"],
    namespaces: [],
    readyWithinS: 60,
    uses: NOTHING,
  },
  {
    // tests/dex_install.sh: all pods of its namespace, 180 s.
    id: "dex",
    title: "Dex",
    version: "2.45.1",
    about: "Knows the people who may sign in.",
    needs: ["istio", "oauth2-proxy"],
    after: ["istio"],
    paths: ["common/dex/overlays/oauth2-proxy"],
    namespaces: ["auth"],
    readyWithinS: 300,
    people: true,
    uses: { cpu: 3, memory: 27, storage: 0 },
  },
];

const PLATFORM: readonly Component[] = [
  {
    // tests/dashboard_install.sh: rollouts of dashboard, poddefaults-webhook-deployment, profiles-deployment.
    id: "dashboard",
    title: "Central Dashboard and Profiles",
    version: "2.0.0",
    about: "The start page, and a namespace with rights and quota for each person.",
    needs: ["namespaces", "cert-manager", "gateway", "roles", "dex"],
    after: ["namespaces", "cert-manager", "gateway", "roles"],
    paths: ["applications/dashboard/overlays/istio"],
    namespaces: ["kubeflow"],
    page: true,
    readyWithinS: 300,
    uses: { cpu: 10, memory: 302, storage: 0 },
  },
  {
    // tests/knative_serving_install.sh, which applies it up to three times: its images and certificates are its own kinds.
    id: "knative",
    title: "Knative Serving",
    version: "1.22.0",
    about: "Scales what serves models with the requests.",
    needs: ["istio", "gateway"],
    paths: ["common/knative/knative-serving/overlays/gateways", "common/istio/cluster-local-gateway/overlays/m2m-auth"],
    namespaces: ["knative-serving", "istio-system"],
    readyWithinS: 300,
    uses: { cpu: 1450, memory: 1038, storage: 0 },
  },
  {
    // tests/knative_eventing_install.sh. Its needs are in the row of Knative Serving.
    id: "knative-eventing",
    title: "Knative Eventing",
    version: "1.22.0",
    about: "Starts things when others happen.",
    needs: ["knative"],
    paths: ["common/knative/knative-eventing/overlays/security"],
    namespaces: ["knative-eventing"],
    readyWithinS: 300,
    uses: NOTHING,
  },
  {
    // tests/kserve_install.sh: the certificate of its webhook, then a second apply.
    id: "kserve",
    title: "KServe",
    version: "0.18.0",
    about: "Serves models.",
    needs: ["namespaces", "cert-manager", "knative"],
    after: ["namespaces", "cert-manager", "gateway", "knative"],
    paths: ["applications/kserve/kserve"],
    namespaces: ["kubeflow"],
    waits: [
      {
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        namespace: "kubeflow",
        name: "serving-cert",
        condition: "Ready",
      },
    ],
    readyWithinS: 600,
    uses: { cpu: 600, memory: 1200, storage: 0 },
  },
  {
    id: "kserve-models",
    title: "KServe Models",
    version: "0.18.0",
    about: "A page with the models that are served.",
    needs: ["kserve", "dashboard"],
    after: ["namespaces", "gateway"],
    paths: ["applications/kserve/models-web-app/overlays/kubeflow"],
    namespaces: ["kubeflow"],
    readyWithinS: 300,
    uses: { cpu: 6, memory: 259, storage: 0 },
  },
  {
    // tests/pipelines_install.sh: metacontroller's definition first, which the phases see to.
    id: "pipelines",
    title: "Pipelines",
    version: "2.16.1",
    about: "Pipelines for many people, each in a namespace of their own.",
    needs: ["dashboard"],
    after: ["namespaces", "cert-manager", "gateway"],
    paths: [
      "applications/pipeline/upstream/third-party/metacontroller/base/crd.yaml",
      "applications/pipeline/overlays",
    ],
    namespaces: ["kubeflow"],
    excludes: ["pipelines-standalone"],
    readyWithinS: 600,
    uses: { cpu: 970, memory: 3552, storage: 35 },
  },
  {
    // tests/notebooks_install.sh: three definitions, six rollouts.
    id: "notebooks",
    title: "Notebooks",
    version: "1.11.0",
    about: "Jupyter and other workbenches, their volumes, TensorBoard.",
    needs: ["dashboard"],
    after: ["namespaces", "cert-manager", "gateway", "roles"],
    paths: ["applications/notebooks-v1/overlays/istio"],
    namespaces: ["kubeflow"],
    readyWithinS: 300,
    uses: { cpu: 43, memory: 806, storage: 0 },
  },
  {
    // tests/katib_install.sh: katib-controller and katib-mysql, 300 s.
    id: "katib",
    title: "Katib",
    version: "0.19.0",
    about: "Searches for the best hyperparameters.",
    needs: ["namespaces", "cert-manager", "gateway", "roles"],
    paths: ["applications/katib/upstream/installs/katib-with-kubeflow"],
    namespaces: ["kubeflow"],
    readyWithinS: 420,
    uses: { cpu: 13, memory: 476, storage: 10 },
  },
  {
    // tests/kubeflow_profile_install.sh waits for the namespace that the profile controller makes of it.
    id: "profile",
    title: "First Profile",
    version: "",
    about: "A namespace for the first person.",
    needs: ["dashboard"],
    paths: ["common/user-namespace/base"],
    namespaces: ["kubeflow-user-example-com"],
    waits: [{ apiVersion: "v1", kind: "Namespace", name: "kubeflow-user-example-com" }],
    readyWithinS: 120,
    people: true,
    uses: NOTHING,
  },
  {
    // tests/model_registry_install.sh, model_catalog_install.sh; the registry's overlay names the namespace of the first profile.
    id: "hub",
    title: "Hub",
    version: "0.3.9",
    about: "A registry and a catalogue of models.",
    needs: ["profile"],
    paths: ["applications/hub/overlays/model-registry", "applications/hub/overlays/model-catalog"],
    namespaces: ["kubeflow-user-example-com", "kubeflow"],
    readyWithinS: 300,
    uses: { cpu: 510, memory: 2112, storage: 20 },
  },
  {
    // tests/spark_install.sh: controller and webhook, 180 s.
    id: "spark",
    title: "Spark Operator",
    version: "2.5.0",
    about: "Runs Spark applications.",
    needs: ["namespaces"],
    after: ["namespaces", "istio"],
    paths: ["applications/spark/spark-operator/overlays/kubeflow"],
    namespaces: ["kubeflow"],
    readyWithinS: 300,
    uses: { cpu: 9, memory: 41, storage: 0 },
  },
];

const TRAINING: readonly Component[] = [
  {
    // tests/training_operator_install.sh: Available within 180 s.
    id: "training-operator",
    title: "Training Operator",
    version: "1.9.2",
    about: "Runs PyTorchJob and the other training jobs of the first generation.",
    needs: ["namespaces"],
    after: ["namespaces", "istio"],
    paths: ["applications/training-operator/upstream/overlays/kubeflow"],
    namespaces: ["kubeflow"],
    readyWithinS: 300,
    uses: { cpu: 3, memory: 25, storage: 0 },
  },
  {
    // tests/trainer_install.sh: manager 240 s, JobSet 120 s, both webhooks' authorities. Its overlay brings JobSet 0.11.0
    // from an https address (applications/trainer/upstream/third-party/jobset), and the runtimes.
    id: "trainer",
    title: "Trainer",
    version: "2.2.0",
    about: "Runs TrainJobs by runtimes, over JobSet, which comes with it.",
    needs: ["namespaces"],
    after: ["namespaces", "istio"],
    paths: ["applications/trainer/overlays"],
    namespaces: ["kubeflow-system"],
    readyWithinS: 360,
    uses: { cpu: 8, memory: 143, storage: 0 },
  },
];

/** For one person without sign-in; README.md of applications/pipeline/upstream (kubeflow/pipelines 2.16.1). */
const STANDALONE: readonly Component[] = [
  {
    id: "pipelines-standalone",
    title: "Pipelines (standalone)",
    version: "2.16.1",
    about: "Pipelines by themselves, without people and profiles.",
    // Both label the namespace kubeflow; runs of people need what this one allows.
    needs: ["namespaces"],
    after: ["namespaces", "istio"],
    paths: [
      "applications/pipeline/upstream/cluster-scoped-resources",
      "applications/pipeline/upstream/env/platform-agnostic",
    ],
    namespaces: ["kubeflow"],
    page: true,
    excludes: ["pipelines"],
    readyWithinS: 600,
    uses: { cpu: 970, memory: 3552, storage: 35 },
  },
];

export const RELEASE_26_03_1: Release = {
  id: "26.03.1",
  date: "2026-11-22",
  source: {
    repository: "kubeflow/community-distribution",
    ref: "26.03.1-rc.2",
    commit: "9fca80cba541c1fae8bb33641444f5c4f88411c4",
  },
  // The sources differ: 1.34 (kubeflow/website, releases/kubeflow-26.03.md), 1.35 (the blog), 1.36.1 (its own tests).
  kubernetes: { oldest: 34, newest: 36 },
  // common/dex/base/config-map.yaml, common/user-namespace/base/profile-instance.yaml
  madeUp: { email: "user@example.com", namespace: "kubeflow-user-example-com" },
  sample: "training-operator",
  profiles: [
    {
      id: "training",
      title: "Training",
      about: "Training jobs of both generations. Small; needs no sign-in.",
      components: ["trainer", "training-operator"],
    },
    {
      // Not that of the component for many people.
      id: "pipelines-alone",
      title: "Pipelines",
      about: "Kubeflow Pipelines by themselves.",
      components: ["pipelines-standalone"],
    },
    {
      id: "full",
      title: "Full platform",
      about: "Everything, behind one page with sign-in.",
      components: [
        ...[
          "cert-manager",
          "istio",
          "oauth2-proxy",
          "dex",
          "knative",
          "kserve",
          "kserve-models",
          "pipelines",
          "notebooks",
        ],
        ...["katib", "dashboard", "profile", "training-operator", "trainer", "hub"],
      ],
    },
  ],
  components: [...FOUNDATION, ...PLATFORM, ...TRAINING, ...STANDALONE],
};
