// Starts one more installation of Kubeflow Pipelines, whose runs are carried out as upstream does it: Argo's controller
// as a process of its own account, its executor and the driver and launcher of the pipelines in each step's pods. The
// server of ML Metadata is ours around its library; it also plays the server of Kubeflow's pages, as far as artifacts go.
import fs from "node:fs";
import path from "node:path";
import type { KubeObject } from "../api.ts";
import { ARGO_NAMESPACE, NODE_ADDRESS } from "../layout.ts";
import { readObjects } from "../parts/manifests.ts";
import { IMAGES } from "../versions.ts";
import { endpoints } from "./objects.ts";
import { ARGO, relay } from "./pipelineObjects.ts";
import { answers, forgetRuns, startInCluster, startInstallation, STORE_PORT } from "./pipelines.ts";
import type { PipelinesPlace } from "./pipelines.ts";
import { until } from "./processes.ts";
import { answersOk, applyObjects } from "./run-controller.ts";
import type { ArgoParts, PipelinesParts } from "./talk.ts";

// Read at once: later the sandbox's own folders cover the machine's, and perhaps this one.
const METADATA = ["pagesServer.py", "metadataServer.py"]
  .map((name) => fs.readFileSync(path.join(import.meta.dirname, name), "utf8"))
  .join("");
const namespace = ARGO_NAMESPACE;

export async function startArgo(
  place: PipelinesPlace,
  { pipelines, controller, manifests }: ArgoParts & { readonly pipelines: PipelinesParts },
): Promise<void> {
  const { api } = place;
  await applyObjects(api, [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    ...readObjects(manifests),
    ...[relay(ARGO), ...objectStore(), ...metadataServer()],
  ]);
  await forgetRuns(api, ARGO);
  const env = { V2_DRIVER_IMAGE: IMAGES.steps, V2_LAUNCHER_IMAGE: IMAGES.steps };
  await startInstallation(place, pipelines, ARGO, env);
  const flags = ["--namespaced", `--namespace=${namespace}`, `--executor-image=${IMAGES.steps}`];
  const rates = ["--qps=50", "--burst=100", "--workflow-workers=4"];
  await startInCluster(place, ARGO, "argo", controller, [...flags, ...rates], {
    LEADER_ELECTION_DISABLE: "true",
    // It looks at a Workflow again after so long, 10 s where nothing is said.
    DEFAULT_REQUEUE_TIME: "500ms",
  });
  await until("Argo's controller answers", 60, () => answersOk("http://127.0.0.1:6060/healthz"));
  await answers(place, ARGO);
  const metadata = `/api/v1/namespaces/${namespace}/services/ml-pipeline-ui:80/proxy/`;
  await until("the server of ML Metadata answers", 60, async () => (await api.send("GET", metadata)).code === 200);
  place.step("argo ready");
}

/** The store that all installations share, by upstream's name, and its key, which it does not ask for. */
function objectStore(): KubeObject[] {
  const ports = [{ name: "http", port: 9000, protocol: "TCP", targetPort: STORE_PORT }];
  return [
    { apiVersion: "v1", kind: "Service", metadata: { name: "minio-service", namespace }, spec: { ports } },
    endpoints(namespace, "minio-service", [{ name: "http", port: STORE_PORT, protocol: "TCP" }]),
    {
      ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "mlpipeline-minio-artifact", namespace } },
      stringData: { accesskey: "minio", secretkey: "minio123" },
    },
  ];
}

/** One pod for what upstream has three of. */
function metadataServer(): KubeObject[] {
  const labels = { component: "metadata-envoy", app: "ml-pipeline-ui" };
  const container = {
    ...{ name: "container", image: IMAGES.science },
    command: ["python3", "-u", "-c", METADATA, `http://${NODE_ADDRESS}:${STORE_PORT}`],
    readinessProbe: { tcpSocket: { port: 3000 }, periodSeconds: 1, failureThreshold: 30 },
  };
  const service = (name: string, port: number, targetPort: number): KubeObject => ({
    ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace } },
    spec: { selector: { app: labels.app }, ports: [{ port, targetPort }] },
  });
  const deployment = {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "metadata-envoy-deployment", namespace } },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } },
    },
  };
  return [deployment, service("metadata-grpc-service", 8080, 8080), service("ml-pipeline-ui", 80, 3000)];
}
