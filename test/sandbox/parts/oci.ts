// Packs a folder as a container image: an uncompressed one-layer OCI archive, which containerd imports.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { run } from "../../../scripts/steps.mjs";

const SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * @param name full image name with tag
 * @param root folder that becomes the image's root
 * @param file archive to write
 * @param command what a container of it runs when nothing else is named
 * @param program the command is all that there is, and takes arguments; `user` (`UID:GID`) runs it, else root
 */
export async function packImage(
  name: string,
  root: string,
  file: string,
  command: readonly string[],
  program?: { readonly user: string },
): Promise<void> {
  const dir = `${file}.parts`;
  const blobs = path.join(dir, "blobs", "sha256");
  fs.mkdirSync(blobs, { recursive: true });
  const layer = path.join(dir, "layer");
  // Same content, same archive: names sorted, times at zero.
  const steady = ["--numeric-owner", "--sort=name", "--mtime=@0"];
  const leftOut = ["proc", "sys", "dev"].map((folder) => `--exclude=./${folder}/*`);
  await run("tar", [...steady, ...leftOut, "-C", root, "-cf", layer, "."]);
  const digest = await sha256OfFile(layer);
  const size = fs.statSync(layer).size;
  fs.renameSync(layer, path.join(blobs, digest));

  const put = (content: unknown): { digest: string; size: number } => {
    const text = JSON.stringify(content);
    const hash = createHash("sha256").update(text).digest("hex");
    fs.writeFileSync(path.join(blobs, hash), text);
    return { digest: `sha256:${hash}`, size: Buffer.byteLength(text) };
  };
  const config = put({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: {
      Env: [SEARCH_PATH],
      ...(program === undefined ? { Cmd: command } : { Entrypoint: command, User: program.user }),
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  });
  const manifest = put({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: `sha256:${digest}`, size }],
  });
  const annotations = {
    "io.containerd.image.name": name,
    "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
  };
  const index = {
    schemaVersion: 2,
    manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", ...manifest, annotations }],
  };
  fs.writeFileSync(path.join(dir, "index.json"), JSON.stringify(index));
  fs.writeFileSync(path.join(dir, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await run("tar", [...steady, "-C", dir, "-cf", file, "oci-layout", "index.json", "blobs"]);
  fs.rmSync(dir, { recursive: true, force: true });
}

async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
