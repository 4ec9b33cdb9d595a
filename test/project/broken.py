"""Raises, so that its traceback can be followed back to this file."""

import time


def check(shapes: list[int]) -> None:
    if len(set(shapes)) != 1:
        raise RuntimeError(f"shapes differ: {shapes}")


def main() -> None:
    print("about to compare shapes", flush=True)
    time.sleep(0.2)
    check([8, 16])


if __name__ == "__main__":
    main()
