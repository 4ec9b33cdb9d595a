// What a written workflow uses of others. Look for newer ones when this is changed: version, commit and date together.

interface Action {
  readonly name: string;
  readonly version: string;
  /** Of the version's tag. */
  readonly commit: string;
  /** Day of that commit, and where it was read on 2026-11-30. */
  readonly date: string;
  readonly source: string;
}

export const CHECKOUT: Action = {
  name: "actions/checkout",
  version: "v7.0.1",
  commit: "3d3c42e5aac5ba805825da76410c181273ba90b1",
  date: "2026-07-17",
  source: "tag v7.0.1 of github.com/actions/checkout",
};

export const SETUP_PYTHON: Action = {
  name: "actions/setup-python",
  version: "v7.0.0",
  commit: "5fda3b95a4ea91299a34e894583c3862153e4b97",
  date: "2026-07-19",
  source: "tag v7.0.0 of github.com/actions/setup-python",
};

/** PyPI package kfp: the newest on 2026-11-30. */
export const KFP_VERSION = "2.17.3";

/** GitHub's runners as of 2026: docker with buildx, git, jq, curl and kubectl are there. */
export const RUNNER = "ubuntu-24.04";

/** A Python that this kfp supports (its classifiers: 3.9 to 3.13). */
export const PYTHON_VERSION = "3.12";
