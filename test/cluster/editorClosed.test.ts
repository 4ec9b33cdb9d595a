// The editor is closed once a job may run, and a pod of it is lost: what it needs is in the cluster.
import assert from "node:assert/strict";
import type { KubeObject } from "../../src/kube/objects.ts";
import type { LaunchKind } from "../../src/jobs/index.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { POD } from "../../src/kubeflow/kinds/resources.ts";
import { list, record } from "../../src/kubeflow/read.ts";
import { until } from "../editor/until.ts";
import {
  Cleanup,
  kubeconfigOf,
  launchFile,
  makeNamespace,
  openRig,
  podLog,
  type Rig,
  TORCH,
  writeProject,
} from "./support.ts";

const SCRIPT = `import os, time
from pkg.words import GREETING
print(GREETING, "rank", os.environ["RANK"], flush=True)
time.sleep(12)
`;

describe("a job whose editor is closed", () => {
  const cleanup = new Cleanup();
  let watcher: Rig;
  let namespace: string;

  before(async () => {
    watcher = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, watcher.client, "closed");
  });

  after(() => cleanup.run());

  for (const kind of ["PyTorchJob", "TrainJob"] as const satisfies readonly LaunchKind[])
    it(`${kind}: a worker that is lost comes back with its code, and the job succeeds`, async function () {
      this.timeout(150_000);
      const editor = await openRig(cleanup, kubeconfigOf("admin"));
      const file = await writeProject(cleanup, {
        "train.py": SCRIPT,
        "pkg/__init__.py": "",
        "pkg/words.py": 'GREETING = "good morning"\n',
      });
      const size = { nodes: 2, gpusPerNode: 0, processesPerNode: 1 };
      const { plan, job } = await launchFile(editor, file, namespace, {
        ...{ kind, image: TORCH, size },
        // Without, the operator takes a worker that ends for a job that failed; a runtime has its own rule.
        ...(kind === "PyTorchJob" && { needs: { retries: 2 } }),
      });
      editor.engine.dispose();

      const labelSelector = `trainyard/launch-id=${plan.spec.id}`;
      const pods = () => watcher.client.list<KubeObject>(POD, { namespace, labelSelector }).then(({ items }) => items);
      const saying = async (rank: number, not = "") => {
        for (const pod of await pods()) {
          const { uid = "", deletionTimestamp } = pod.metadata;
          if (uid === not || deletionTimestamp !== undefined) continue;
          // A pod that has not begun has no log yet.
          const said = await podLog(watcher.client, namespace, pod.metadata.name).catch(() => "");
          if (said.includes(`good morning rank ${rank}`)) return pod;
        }
        return undefined;
      };
      const both = () => Promise.all([saying(0), saying(1)]);
      const [, worker] = await until("both ranks", both, (found) => !found.includes(undefined), 60_000);
      assert.ok(worker !== undefined);
      const { name, uid = "" } = worker.metadata;
      // As when its node is gone.
      await watcher.client.json({
        method: "DELETE",
        path: `/api/v1/namespaces/${namespace}/pods/${name}`,
        body: { kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: 0, preconditions: { uid } },
      });
      await until(
        "another worker with its code",
        () => saying(1, uid),
        (found) => found !== undefined,
        60_000,
      );
      const done = kind === "PyTorchJob" ? "Succeeded" : "Complete";
      await until(
        "the job's end",
        () => watcher.client.get<KubeObject>(kindOf(kind).resource, job.name, namespace),
        (object) =>
          list(record(record(object)["status"])["conditions"]).some(
            ({ type, status }) => type === done && status === "True",
          ),
        60_000,
      );
    });
});
