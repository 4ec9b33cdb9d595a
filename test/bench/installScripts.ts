// The rivals of `bench install`, as shell scripts over the test release's folder ($1): what the release's own scripts do,
// in their order and with their waits and pauses, and the one command of its README, over and over.

/** `kubectl wait` ends at once where there is nothing yet to wait for. */
const HELPERS = `set -eu
cd "$1"
apply() { kubectl kustomize "$1" | kubectl apply -f -; }
server() { kubectl kustomize "$1" | kubectl apply --server-side --force-conflicts -f -; }
await() {
  until said=$(kubectl wait "$@" 2>&1); do
    case "$said" in *"no matching resources found"*) sleep 1 ;; *) echo "$said" >&2; return 1 ;; esac
  done
}
pods() { await --for=condition=Ready pods --field-selector=status.phase!=Succeeded "$@"; }
everywhere() { pods --all --all-namespaces --timeout="$1"; }
available() { space=$1; limit=$2; shift 2; for name; do await --for=condition=Available "deployment/$name" -n "$space" --timeout="$limit"; done; }
rollout() { for name; do kubectl rollout status "deployment/$name" -n kubeflow --timeout=60s; done; }
established() { limit=$1; shift; for name; do await --for=condition=Established "crd/$name" --timeout="$limit"; done; }
`;

/**
 * kubeflow/community-distribution 26.03.1-rc.2: .github/workflows/full_kubeflow_integration_test.yaml and the
 * tests/*_install.sh that it calls, as far as they are of the full profile. In one place it is more patient than they are:
 * cert-manager's stand-in may be a moment later than its pods.
 */
export const RELEASE_SCRIPT = `${HELPERS}
apply namespaces
apply cert-manager/base
pods -l app=webhook -n cert-manager --timeout=180s
until apply cert-manager/kubeflow; do sleep 1; done
pods -l app.kubernetes.io/instance=cert-manager -n cert-manager --timeout=180s
await --for=jsonpath='{.subsets[0].addresses[0].targetRef.kind}'=Pod endpoints -l 'app in (cert-manager,webhook)' -n cert-manager --timeout=180s

for part in crds namespace install; do apply "istio/$part"; done
pods --all -n istio-system --timeout=180s
everywhere 180s
apply oauth2-proxy
pods -l app=oauth2-proxy -n oauth2-proxy --timeout=180s
available oauth2-proxy 180s oauth2-proxy
everywhere 180s
apply gateway
apply roles
apply dex
pods --all -n auth --timeout=180s

apply dashboard
rollout dashboard poddefaults-webhook-deployment profiles-deployment
established 60s profiles.kubeflow.org poddefaults.kubeflow.org
pods -l app.kubernetes.io/part-of=kubeflow-dashboard -n kubeflow --timeout=60s

for try in 1 2 3; do if apply knative/serving; then break; fi; everywhere 60s || true; done
apply knative/gateway
apply gateway
everywhere 60s
available knative-serving 10s activator autoscaler controller webhook

server kserve || true
everywhere 60s
await --for=condition=Ready certificate/serving-cert -n kubeflow --timeout=60s
await --for=create secret/kserve-webhook-server-cert -n kubeflow --timeout=60s
established 30s clusterservingruntimes.serving.kserve.io
server kserve
server kserve-models
everywhere 600s
available kubeflow 10s kserve-controller-manager kserve-models-web-application

apply pipelines/crd
established 30s compositecontrollers.metacontroller.k8s.io
apply pipelines/overlays
sleep 60
everywhere 600s
available kubeflow 10s ml-pipeline ml-pipeline-ui ml-pipeline-persistenceagent ml-pipeline-scheduledworkflow ml-pipeline-viewer-crd cache-server metadata-writer minio mysql

apply profile
sleep 30
kubectl label namespace kubeflow-user-example-com pod-security.kubernetes.io/enforce=baseline --overwrite

apply notebooks
established 60s notebooks.kubeflow.org pvcviewers.kubeflow.org tensorboards.tensorboard.kubeflow.org
rollout jupyter-web-app-deployment notebook-controller-deployment pvcviewer-controller-manager tensorboard-controller-deployment tensorboards-web-app-deployment volumes-web-app-deployment

apply katib
available kubeflow 300s katib-controller katib-mysql
kubectl label namespace kubeflow-user-example-com katib.kubeflow.org/metrics-collector-injection=enabled --overwrite
server training-operator
available kubeflow 180s training-operator

server modules/trainer/base/crds
sleep 5
established 60s trainjobs.trainer.kubeflow.org
server trainer
available kubeflow-system 240s kubeflow-trainer-controller-manager
available kubeflow-system 120s jobset-controller-manager
server modules/trainer/overlays/runtimes
kubectl apply -f modules/trainer/overlays/kubeflow-platform/kubeflow-trainer-roles.yaml
kubectl rollout restart deployment/jobset-controller-manager -n kubeflow-system
kubectl rollout status deployment/jobset-controller-manager -n kubeflow-system --timeout=120s
await --for='jsonpath={.webhooks[0].clientConfig.caBundle}' validatingwebhookconfiguration/validator.trainer.kubeflow.org --timeout=120s
await --for='jsonpath={.webhooks[0].clientConfig.caBundle}' mutatingwebhookconfiguration/jobset-mutating-webhook-configuration --timeout=120s
sleep 30

apply hub/registry
available kubeflow-user-example-com 120s model-registry-db model-registry-deployment model-registry-ui
apply hub/catalog
pods -l app.kubernetes.io/part-of=model-catalog -n kubeflow --timeout=120s
available kubeflow 120s model-catalog-server
everywhere 90s
`;

/** README.md of kubeflow/community-distribution; then until everything is there. */
export const RETRY_LOOP = `${HELPERS}
while ! server all; do sleep 20; done
await --for=condition=Available deployments --all --all-namespaces --timeout=900s
`;
