// A real Jupyter Server with a kernel, from PyPI, for pods of the sandbox's python image.
import { cached } from "../../scripts/cache.mjs";
import { run } from "../../scripts/steps.mjs";
import { findProgram } from "../sandbox/machine.ts";
import type { NotebookOptions } from "./notebook.ts";

/** From PyPI, pinned on 2026-11-30. */
const PACKAGES = ["jupyter_server==2.21.1", "ipykernel==7.4.0"];
/** Of the sandbox's images (Debian bookworm). */
const PYTHON_VERSION = "3.11";
const INSIDE = "/opt/jupyter";

/** Folder of packages that a pod may mount: no image is made or imported. Rejects where the machine has no pip. */
export async function jupyterPackages(): Promise<string> {
  const base = findProgram("python3");
  if (base === undefined)
    throw new Error("Tests with a real Jupyter Server need Python with pip: install python3-pip.");
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  return cached("jupyter", { PACKAGES, PYTHON_VERSION, machine, recipe: 1 }, async (dir) => {
    const platforms = ["manylinux2014", "manylinux_2_28"].flatMap((name) => ["--platform", `${name}_${machine}`]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"];
    const foreign = ["--only-binary=:all:", "--python-version", PYTHON_VERSION, ...platforms, "--target", dir];
    await run(base, [...pip, ...foreign, ...PACKAGES]);
  });
}

/** A notebook of it, started as Kubeflow's images do; `home` is a claim, else what it writes goes with its pod. */
export function jupyterOptions(
  packages: string,
  { args = ["--ServerApp.token="], env = [], home }: JupyterWishes = {},
): NotebookOptions {
  const start = ["-m", "jupyter_server", "--ip=0.0.0.0", "--allow-root", "--no-browser", "--ServerApp.password="];
  const access = ["--ServerApp.allow_origin=*", "--ServerApp.allow_remote_access=True"];
  return {
    container: {
      command: ["python3", ...start, ...access, "--ServerApp.base_url=$(NB_PREFIX)", ...args],
      env: [{ name: "PYTHONPATH", value: INSIDE }, { name: "HOME", value: "/home/jovyan" }, ...env],
      volumeMounts: [
        // The first pod leaves byte code there for the later ones.
        { name: "jupyter", mountPath: INSIDE },
        { name: "home", mountPath: "/home/jovyan" },
      ],
      readinessProbe: { tcpSocket: { port: 8888 }, periodSeconds: 1 },
    },
    pod: {
      terminationGracePeriodSeconds: 1,
      volumes: [
        { name: "jupyter", hostPath: { path: packages, type: "Directory" } },
        { name: "home", ...(home === undefined ? { emptyDir: {} } : { persistentVolumeClaim: { claimName: home } }) },
      ],
    },
  };
}

interface JupyterWishes {
  readonly args?: readonly string[];
  readonly env?: readonly object[];
  readonly home?: string;
}
