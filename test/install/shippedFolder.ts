// The test release's files under the names that the shipped release gives them: a folder for closed networks, as a person
// chooses it on the page.
import fs from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { RELEASES } from "../../src/install/releases/index.ts";
import { TEST_RELEASE, testReleaseFolder } from "./testRelease.ts";

/**
 * Lays the folder out below `into`, an empty one. `instead`: objects of a component in the place of its files, such as a
 * Deployment that stands in for one whose image is not to be had.
 */
export async function shippedFolder(
  into: string,
  instead: Readonly<Record<string, readonly object[]>> = {},
): Promise<string> {
  const from = await testReleaseFolder();
  fs.cpSync(from, path.join(into, "test"), { recursive: true });
  const shipped = RELEASES[0]?.components ?? [];
  for (const { id, paths } of shipped) {
    const theirs = TEST_RELEASE.components.find((component) => component.id === id)?.paths ?? [];
    const places = paths.filter((place) => !place.endsWith(".yaml"));
    for (const [at, place] of places.entries()) {
      const folder = path.join(into, place);
      fs.mkdirSync(folder, { recursive: true });
      // Where the counts differ, the first folder has them all.
      const own = places.length === theirs.length ? theirs.slice(at, at + 1) : at === 0 ? theirs : [];
      const resources = (instead[id] === undefined ? own : []).map((name) =>
        path.relative(folder, path.join(into, "test", name)),
      );
      if (at === 0 && instead[id] !== undefined) {
        fs.writeFileSync(path.join(folder, "own.yaml"), instead[id].map((object) => stringify(object)).join("---\n"));
        resources.push("own.yaml");
      }
      fs.writeFileSync(path.join(folder, "kustomization.yaml"), stringify({ resources }));
    }
  }
  return into;
}
