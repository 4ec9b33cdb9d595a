"""Says what would be served."""

import sys

import joblib

model_path = sys.argv[1]
model = joblib.load(model_path)
print(f"deploying {type(model).__name__}")
