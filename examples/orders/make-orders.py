#!/usr/bin/env python3
"""Makes data/orders.csv: the same 300 orders each time.

    python3 examples/orders/make-orders.py > examples/orders/data/orders.csv
"""
import csv
import datetime
import random
import sys


def main():
    random.seed(7338)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["id", "placed", "customer", "currency", "amount"])
    first = datetime.date(2026, 9, 1)
    for number in range(1, 301):
        placed = first + datetime.timedelta(days=number // 5)
        currency = random.choices(["EUR", "USD", "GBP"], [6, 3, 1])[0]
        amount = round(random.lognormvariate(3.5, 1.0), 2)
        writer.writerow([number, placed, f"c{random.randrange(1, 60):03}", currency, f"{amount:.2f}"])


if __name__ == "__main__":
    main()
