"""Makes housing data and splits it for training and testing."""

import argparse

import numpy as np
from sklearn.model_selection import train_test_split

from housing import prices


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=506, help="Houses to make")
    parser.add_argument(
        "--test-size",
        type=float,
        default=0.2,
        help="Share of them that is kept for the test",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--x-train", default="x_train.npy")
    parser.add_argument("--x-test", default="x_test.npy")
    parser.add_argument("--y-train", default="y_train.npy")
    parser.add_argument("--y-test", default="y_test.npy")
    args = parser.parse_args()

    x, y = prices(args.rows, args.seed)
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=args.test_size, random_state=args.seed
    )
    np.save(args.x_train, x_train)
    np.save(args.x_test, x_test)
    np.save(args.y_train, y_train)
    np.save(args.y_test, y_test)


if __name__ == "__main__":
    main()
