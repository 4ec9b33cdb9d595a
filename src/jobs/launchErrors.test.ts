import assert from "node:assert/strict";
import fc from "fast-check";
import { CancelledError, type UserError } from "../core/errors.ts";
import { ApiError, type ApiStatus, ConnectError } from "../kube/errors.ts";
import { COPY_ADMIN_REQUEST_COMMAND, explainLaunchError, INSTALL_COMMAND, launchFailure } from "./launchErrors.ts";
import { parseMissingQuota, parseQuota } from "../kubeflow/quota.ts";
import { SPEC } from "./testing/launches.ts";

function explain(status: number, body: ApiStatus): UserError {
  return explainLaunchError(new ApiError(status, body), SPEC);
}

const job = 'pytorchjobs.kubeflow.org "train-4f2a" is forbidden: ';

const CASES: readonly (readonly [
  title: string,
  status: number,
  body: ApiStatus,
  code: string,
  words: RegExp,
  next?: string,
])[] = [
  [
    "an API group that is not served",
    404,
    { message: "the server could not find the requested resource", reason: "NotFound", details: {} },
    "no-operator",
    /^The job was not created\. No training operator in this cluster takes a PyTorchJob\. Choose a kind that it has, or install this one\.$/,
    "Install Training…",
  ],
  ["a plain 404", 404, { message: "404 page not found" }, "no-operator", /No training operator/, "Install Training…"],
  [
    "a missing namespace",
    404,
    { message: 'namespaces "alice" not found', reason: "NotFound", details: { name: "alice", kind: "namespaces" } },
    "no-namespace",
    /no namespace alice/,
  ],
  [
    "an ending namespace",
    403,
    {
      message: `${job}unable to create new content in namespace alice because it is being terminated`,
      reason: "Forbidden",
    },
    "namespace-ending",
    /alice is being deleted/,
  ],
  [
    "no rights",
    403,
    {
      message:
        'pytorchjobs.kubeflow.org is forbidden: User "ada" cannot create resource "pytorchjobs" in API group "kubeflow.org" in the namespace "alice"',
      reason: "Forbidden",
    },
    "no-rights",
    /You may not create pytorchjobs in the namespace alice\./,
    "Copy Request for Your Admin",
  ],
  [
    "no rights in other words",
    403,
    { message: "requires one of [container.thirdPartyObjects.create]", reason: "Forbidden" },
    "no-rights",
    /container\.thirdPartyObjects\.create/,
    "Copy Request for Your Admin",
  ],
  [
    "a quota on jobs",
    403,
    {
      message: `${job}exceeded quota: team, requested: count/pytorchjobs.kubeflow.org=1, used: count/pytorchjobs.kubeflow.org=5, limited: count/pytorchjobs.kubeflow.org=5`,
      reason: "Forbidden",
    },
    "quota",
    /quota team allows 5 training jobs \(5 in use, this job asks for 1\)/,
    "Change Size…",
  ],
  [
    "a quota on GPUs",
    403,
    {
      message:
        'pods "x" is forbidden: exceeded quota: gpu, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=3, limited: requests.nvidia.com/gpu=4',
      reason: "Forbidden",
    },
    "quota",
    /quota gpu allows 4 GPUs \(3 in use, this job asks for 2\)/,
  ],
  [
    "a quota that wants amounts",
    403,
    { message: 'pods "x" is forbidden: failed quota: kf-resource-quota: must specify cpu,memory', reason: "Forbidden" },
    "quota-incomplete",
    /wants cpu, memory to be stated/,
  ],
  [
    "a limit range",
    403,
    { message: 'pods "x" is forbidden: [maximum cpu usage per Container is 2, but limit is 4]', reason: "Forbidden" },
    "limit-range",
    /maximum cpu usage per Container is 2, but limit is 4\.$/,
  ],
  [
    "pod security",
    403,
    {
      message: 'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
      reason: "Forbidden",
    },
    "pod-security",
    /restricted:latest: allowPrivilegeEscalation/,
  ],
  [
    "a webhook's refusal",
    403,
    {
      message:
        'admission webhook "validator.pytorchjob.training-operator.kubeflow.org" denied the request: spec.x: Invalid value',
      reason: "Forbidden",
    },
    "webhook-refused",
    /rules refuse it: spec\.x: Invalid value\. Asked by validator\.pytorchjob/,
  ],
  [
    "a webhook that is away",
    500,
    {
      message: 'Internal error occurred: failed calling webhook "v.k.io": Post "https://x": connection refused',
      reason: "InternalError",
    },
    "webhook-unavailable",
    /connection refused\. .*Try again/,
  ],
  [
    "an invalid job",
    422,
    {
      message: "PyTorchJob is invalid",
      reason: "Invalid",
      details: { name: "x", causes: [{ field: "spec.a", message: "must be 1" }] },
    },
    "invalid",
    /spec\.a: must be 1\.$/,
  ],
  [
    "an unknown field",
    400,
    { message: 'strict decoding error: unknown field "spec.nprocPerNode"', reason: "BadRequest" },
    "invalid",
    /unknown field/,
  ],
  [
    "a taken name",
    409,
    { message: 'pytorchjobs "x" already exists', reason: "AlreadyExists", details: { name: "x" } },
    "name-taken",
    /already has a training job train-4f2a/,
  ],
  [
    "a name that is going",
    409,
    { message: 'object is being deleted: pytorchjobs "x" already exists', reason: "AlreadyExists" },
    "name-taken",
    /still being deleted/,
  ],
  [
    "code too large",
    413,
    { message: "Request entity too large: limit is 3145728" },
    "too-large",
    /larger than the cluster takes/,
  ],
  ["etcd's limit", 500, { message: "etcdserver: request is too large" }, "too-large", /larger/],
  [
    "an overloaded server",
    503,
    { message: "the server is currently unable to handle the request" },
    "busy",
    /unable to handle the request\. Try again/,
  ],
  ["anything else", 418, { message: "teapot" }, "refused", /teapot\.$/],
];

describe("what a refused launch means", () => {
  for (const [title, status, body, code, words, next] of CASES) {
    it(title, () => {
      const error = explain(status, body);
      assert.equal(error.code, code);
      assert.match(error.message, words);
      if (next !== undefined) assert.equal(error.next[0]?.title, next);
    });
  }

  it("offers the install and the request to the admin by the commands' ids", () => {
    const commands = explain(404, {}).next.map(({ command }) => command);
    assert.deepEqual(commands, [INSTALL_COMMAND, COPY_ADMIN_REQUEST_COMMAND]);
  });

  it("passes on what is a sentence already, and cancellation", () => {
    const away = new ConnectError("unreachable", "Away.");
    assert.equal(explainLaunchError(away, SPEC), away);
    assert.ok(launchFailure(new DOMException("x", "AbortError"), SPEC) instanceof CancelledError);
    assert.equal(explainLaunchError(new Error("odd"), SPEC).code, "refused");
  });

  it("shows no control characters and no long texts, whatever a server says", () => {
    const statuses = fc.constantFrom(400, 403, 404, 409, 413, 422, 429, 500, 503);
    const prefixes = fc.constantFrom(
      "",
      "exceeded quota: ",
      'admission webhook "',
      "violates PodSecurity ",
      "failed quota: ",
    );
    fc.assert(
      fc.property(statuses, prefixes, fc.string({ unit: "binary", maxLength: 2000 }), (status, prefix, text) => {
        const { message } = explain(status, { message: prefix + text });
        // eslint-disable-next-line no-control-regex -- none of them may be shown
        assert.doesNotMatch(message, /[\0-\x1f\x7f-\x9f\u202a-\u202e]/);
        assert.ok(message.length < 900);
      }),
      { numRuns: 50 },
    );
  });
});

describe("quota messages", () => {
  it("are read with several amounts, also in an event", () => {
    const text =
      'Error creating: pods "x" is forbidden: exceeded quota: q, requested: limits.memory=1Gi,requests.memory=512Mi, used: limits.memory=3584Mi,requests.memory=2Gi, limited: limits.memory=4Gi,requests.memory=4Gi';
    assert.deepEqual(parseQuota(text), {
      quota: "q",
      resources: [
        { resource: "limits.memory", requested: "1Gi", used: "3584Mi", limited: "4Gi" },
        { resource: "requests.memory", requested: "512Mi", used: "2Gi", limited: "4Gi" },
      ],
    });
    assert.equal(parseQuota("nothing of the kind"), undefined);
  });

  it("name the resources that are not stated", () => {
    const text = "failed quota: q: must specify limits.cpu for: pytorch; limits.memory for: pytorch";
    assert.deepEqual(parseMissingQuota(text), { quota: "q", resources: ["limits.cpu", "limits.memory"] });
    assert.equal(parseMissingQuota("x"), undefined);
  });
});
