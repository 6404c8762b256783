"""Rent of a flat from its size and floor: linear regression by gradient descent, standard library only."""

import csv
import json
import statistics


def main(epochs: int, learning_rate: float):
    with open("/data/flats.csv", newline="") as file:
        rows = [[float(row[name]) for name in ("square_metres", "floor", "rent")] for row in csv.DictReader(file)]
    columns = list(zip(*rows))
    means = [statistics.mean(column) for column in columns]
    spreads = [statistics.stdev(column) for column in columns]
    scaled = [[(value - mean) / spread for value, mean, spread in zip(row, means, spreads)] for row in rows]

    weights = [0.0, 0.0]
    for epoch in range(1, epochs + 1):
        errors = [weights[0] * size + weights[1] * floor - rent for size, floor, rent in scaled]
        for i in range(2):
            slope = statistics.mean(error * row[i] for error, row in zip(errors, scaled))
            weights[i] -= learning_rate * slope
        if epoch % (epochs // 4) == 0:
            print(f"epoch {epoch}: mean squared error {statistics.mean(error * error for error in errors):.4f}")

    model = {
        "rent_per_square_metre": round(weights[0] * spreads[2] / spreads[0], 2),
        "rent_per_floor": round(weights[1] * spreads[2] / spreads[1], 2),
    }
    with open("/data/model.json", "w") as file:
        json.dump(model, file)
    return {"rows": len(rows), "model": model}
