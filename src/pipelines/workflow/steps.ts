// The scripts of a written workflow's steps. Bash as GitHub starts it: `bash --noprofile --norc -eo pipefail`.

/**
 * Builds and pushes what the registry does not have; then `pipeline.py` names every image by its digest. `calls` are
 * lines of `ship COMPONENT IMAGE FILE…`. Sets the output `pushed` where an image was new.
 */
export const shipScript = (calls: readonly string[]): string => `\
# ship COMPONENT IMAGE FILE…: the tag is a hash of the files that go into the image, as Build and Push Image makes it
# in the editor. So what has not changed is in the registry already.
ship() {
  local component=$1 image=$2 tag digest
  shift 2
  tag=$(git ls-files -sz -- "$@" | sha256sum | cut -c1-16)
  if digest=$(docker buildx imagetools inspect --format '{{json .Manifest}}' "$image:$tag" | jq -re .digest); then
    echo "$component: nothing has changed"
  else
    docker buildx build --push --file "components/$component/Dockerfile" --tag "$image:$tag" \\
      --metadata-file "$RUNNER_TEMP/image.json" .
    digest=$(jq -re '."containerimage.digest"' "$RUNNER_TEMP/image.json")
    echo "pushed=true" >> "$GITHUB_OUTPUT"
  fi
  sed -i "s|^\${component^^}_IMAGE = \\"[^\\"]*\\"|\${component^^}_IMAGE = \\"$image@$digest\\"|" pipeline.py
  echo "- \\\`$image@$digest\\\`" >> "$GITHUB_STEP_SUMMARY"
}

${calls.join("\n")}
`;

/** Compiles `pipeline.py` with the digests that it has by now. */
export const compileScript = (kfp: string): string => `\
pip install --quiet kfp==${kfp}
kfp dsl compile --py pipeline.py --output "$RUNNER_TEMP/pipeline.yaml"
`;

/** Uploads the compiled pipeline unless its newest version is the same, and starts a run of it where RUN is true. */
export const UPLOAD_SCRIPT = `\
if [ -z "$KFP_ENDPOINT" ]; then
  if [ -z "$KUBECONFIG_TEXT" ]; then
    echo "::error::Kubeflow Pipelines is not reached: set the variable KFP_ENDPOINT or the secret KUBECONFIG."
    exit 1
  fi
  (umask 077; printf '%s\\n' "$KUBECONFIG_TEXT" > "$RUNNER_TEMP/kubeconfig")
  export KUBECONFIG="$RUNNER_TEMP/kubeconfig"
  trap 'kill %1; rm -f "$KUBECONFIG"' EXIT
  kubectl --namespace kubeflow port-forward service/ml-pipeline 8888 &
  KFP_ENDPOINT=http://localhost:8888
  curl --silent --show-error --output /dev/null --retry 30 --retry-delay 1 --retry-connrefused "$KFP_ENDPOINT"
  if [ -n "$KFP_NAMESPACE" ] && [ -z "$KFP_TOKEN" ]; then
    KFP_TOKEN=$(kubectl --namespace "$KFP_NAMESPACE" create token default-editor --audience pipelines.kubeflow.org)
  fi
fi
export KFP_ENDPOINT KFP_TOKEN VERSION="\${GITHUB_SHA::12}-$GITHUB_RUN_NUMBER.$GITHUB_RUN_ATTEMPT"
python - <<'PY'
import json
import os

import kfp
import yaml

name, version = os.environ["PIPELINE"], os.environ["VERSION"]
namespace = os.environ["KFP_NAMESPACE"] or None
package = os.path.join(os.environ["RUNNER_TEMP"], "pipeline.yaml")
client = kfp.Client(host=os.environ["KFP_ENDPOINT"], existing_token=os.environ["KFP_TOKEN"] or None)

equals = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
found = client.list_pipelines(filter=json.dumps({"predicates": [equals]}), namespace=namespace).pipelines
pipeline = found[0] if found else client.upload_pipeline(package, name, namespace=namespace)

with open(package) as file:
    compiled = next(yaml.safe_load_all(file))
newest = client.list_pipeline_versions(pipeline.pipeline_id, page_size=1, sort_by="created_at desc").pipeline_versions
spec = newest[0].pipeline_spec if newest else {}
if spec.get("pipeline_spec", spec) == compiled:
    uploaded = newest[0]
else:
    uploaded = client.upload_pipeline_version(package, version, pipeline_id=pipeline.pipeline_id)
print(f"{name}: version {uploaded.display_name}")

if os.environ["RUN"] == "true":
    experiment = client.create_experiment(os.environ["KFP_EXPERIMENT"] or name, namespace=namespace)
    run = client.run_pipeline(
        experiment.experiment_id,
        f"{name} {version}",
        params=json.loads(os.environ["KFP_PARAMETERS"] or "{}"),
        pipeline_id=pipeline.pipeline_id,
        version_id=uploaded.pipeline_version_id,
    )
    print(f"{name}: run {run.run_id}")
PY
`;
