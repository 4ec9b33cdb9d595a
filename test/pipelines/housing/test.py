"""Measures the model on data that it has not seen."""

import json
from pathlib import Path

import joblib
import numpy as np
from sklearn.metrics import mean_squared_error, r2_score


def test(
    x_test: str, y_test: str, model: str, metrics_path: Path, digits: int = 4
) -> float:
    predicted = joblib.load(model).predict(np.load(x_test))
    wanted = np.load(y_test)
    score = round(float(r2_score(wanted, predicted)), digits)
    mse = round(float(mean_squared_error(wanted, predicted)), digits)
    metrics_path.write_text(json.dumps({"mse": mse, "r2": score}))
    return score
