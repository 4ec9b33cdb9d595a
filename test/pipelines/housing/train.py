"""Fits a regression to the training data."""

import argparse

import joblib
import numpy as np
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--x-train", required=True)
    parser.add_argument("--y-train", required=True)
    parser.add_argument(
        "--kind",
        choices=["ridge", "sgd"],
        default="ridge",
        help="How the line is found",
    )
    parser.add_argument("--alpha", type=float, default=1e-3)
    parser.add_argument("--no-scaling", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model-out", default="model.joblib")
    args = parser.parse_args()

    x, y = np.load(args.x_train), np.load(args.y_train)
    regression = (
        Ridge(args.alpha)
        if args.kind == "ridge"
        else SGDRegressor(alpha=args.alpha, random_state=args.seed)
    )
    model = (
        regression if args.no_scaling else make_pipeline(StandardScaler(), regression)
    )
    model.fit(x, y)
    joblib.dump(model, args.model_out)


if __name__ == "__main__":
    main()
