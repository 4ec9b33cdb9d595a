// What a launch asks for besides its size: carried to the pods by the real controllers of both kinds.
import assert from "node:assert/strict";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { QUEUE_LABEL } from "../../src/kubeflow/labels.ts";
import { record } from "../../src/kubeflow/read.ts";
import type { LaunchKind } from "../../src/jobs/index.ts";
import { followToEnd } from "./recorder.ts";
import {
  Cleanup,
  kubeconfigOf,
  launchFile,
  makeClaim,
  makeNamespace,
  makeVolume,
  openRig,
  PYTHON,
  type Rig,
  SECRET,
  SERVICE_ACCOUNT,
  writeProject,
} from "./support.ts";

const SCRIPT = `import os
print(os.environ["TOKEN"], os.environ["NAME"], os.path.ismount("/data/in"))
try:
    open("/data/in/new.txt", "w")
except OSError as error:
    print(error.strerror)
`;

describe("a launch with needs on a real cluster", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;
  let file: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "launch-needs");
    file = await writeProject(cleanup, { "train.py": SCRIPT });
    const make = (kind: ResourceKind, object: KubeObject) => rig.client.create(kind, object);
    await makeVolume(cleanup, rig.client, "ReadWriteMany");
    await makeClaim(rig.client, "data", namespace);
    await make(SERVICE_ACCOUNT, { metadata: { name: "trainer", namespace } });
    await make(SECRET, {
      metadata: { name: "keys", namespace },
      stringData: { token: "from the cluster" },
    } as KubeObject);
  });

  after(() => cleanup.run());

  for (const kind of ["PyTorchJob", "TrainJob"] as const satisfies readonly LaunchKind[]) {
    it(`${kind}: a secret, a volume, an account, a place and a time`, async () => {
      const { job } = await launchFile(rig, file, namespace, {
        ...{ kind, image: PYTHON, cpu: "100m", memory: "64Mi", env: [{ name: "NAME", value: "$(TOKEN)" }] },
        needs: {
          nodeSelector: { "kubernetes.io/os": "linux" },
          tolerations: [{ key: "nvidia.com/gpu" }],
          serviceAccount: "trainer",
          secrets: [{ name: "TOKEN", secret: "keys", key: "token" }],
          volumes: [{ claim: "data", path: "/data/in", readOnly: true }],
          timeLimit: 600,
        },
      });
      const { recorder, result } = await followToEnd(rig, job);
      assert.equal(result.verdict.outcome, "succeeded", JSON.stringify(recorder.records));
      assert.deepEqual(recorder.of(0), ["from the cluster $(TOKEN) True", "Read-only file system"]);
    });

    it(`${kind}: in a queue is handed to it, and stays suspended until it is admitted`, async () => {
      const { job } = await launchFile(rig, file, namespace, { kind, image: PYTHON, needs: { queue: "team-a" } });
      const root = await rig.client.get(kindOf(kind).resource, job.name, namespace);
      assert.equal(root.metadata.labels?.[QUEUE_LABEL], "team-a");
      assert.ok(kindOf(kind).isUnstarted(root), JSON.stringify(record(root)["spec"]));
    });
  }
});
