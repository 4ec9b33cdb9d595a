// The same job with kubectl, as somebody runs it who has the script, writes the YAML and makes no mistake.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { BUILT_IN_IMAGE } from "../../src/jobs/images.ts";
import { kubernetesProgram } from "../sandbox/parts/golang.ts";
import { run } from "../../scripts/steps.mjs";

const POD = "train-master-0";
const MANIFEST = "job.yaml";
const WAIT_LIMIT_MS = 120_000;
/** In the order of use. */
const COMMANDS = {
  code: "kubectl create configmap train-code --from-file=train.py",
  job: `kubectl apply -f ${MANIFEST}`,
  logs: `kubectl logs -f ${POD}`,
} as const;

/** The shortest PyTorchJob that runs the script. */
const YAML = `apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata:
  name: train
spec:
  pytorchReplicaSpecs:
    Master:
      replicas: 1
      restartPolicy: Never
      template:
        spec:
          containers:
            - name: pytorch
              image: ${BUILT_IN_IMAGE.reference}
              command: [python3, -u, /code/train.py]
              volumeMounts:
                - name: code
                  mountPath: /code
          volumes:
            - name: code
              configMap:
                name: train-code
`;

/** Characters of the YAML and of the commands. Indentation is not counted: an editor can do that. */
export const TYPED_BY_HAND = typedCharacters([YAML, ...Object.values(COMMANDS)].join("\n"));

export function typedCharacters(text: string): number {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .reduce((sum, line) => sum + line.length, 0);
}

/** @returns milliseconds from the first command to the first line of the script, with no time to think or to type */
export async function firstLineByHand(folder: string, script: string, kubeconfig: string): Promise<number> {
  fs.copyFileSync(script, path.join(folder, "train.py"));
  fs.writeFileSync(path.join(folder, MANIFEST), YAML);
  const program = await kubernetesProgram();
  const argv = (command: string) => [...command.split(" "), `--kubeconfig=${kubeconfig}`];
  const begun = performance.now();
  await run(program, argv(COMMANDS.code), { cwd: folder });
  await run(program, argv(COMMANDS.job), { cwd: folder });
  // Refused until the container runs; a person presses arrow-up and Enter, here at once.
  while (!(await showsLine(program, argv(COMMANDS.logs), /^rank 0 of .*\n/m))) {
    if (performance.now() - begun > WAIT_LIMIT_MS) throw new Error(`${POD} printed nothing in ${WAIT_LIMIT_MS} ms`);
  }
  return performance.now() - begun;
}

/** @returns at the line, or when the program ends without it */
export function showsLine(program: string, args: readonly string[], line: RegExp): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      if (!line.test(out)) return;
      resolve(true);
      child.kill();
    });
    child.on("error", reject);
    child.on("close", () => resolve(false));
  });
}

/** Everything that this way leaves on the cluster, for whoever may delete it. */
export const LEFT_BY_HAND: readonly (readonly string[])[] = [
  ["pytorchjobs", "train"],
  ["configmaps", "train-code"],
];
