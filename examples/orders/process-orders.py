#!/usr/bin/env python3
"""Processes orders again and again. REEVE_CONFIG_FILE names the file with its configuration.

    reeve run --config orders/production --on-change signal:HUP -- python3 examples/orders/process-orders.py

A run reads its configuration once, when it starts, so that it uses one revision from start to end. SIGHUP
means that there is a new revision. ORDERS_RUNS is the number of runs; without it, they do not end.
"""
import csv
import decimal
import hashlib
import json
import os
import pathlib
import signal
import sys
import time

reload_asked = True


def ask_reload(_signal, _frame):
    global reload_asked
    reload_asked = True


def read_configuration():
    with open(os.environ["REEVE_CONFIG_FILE"], encoding="utf-8") as file:
        return json.load(file)


def accepted_orders(source, parameters):
    minimum = decimal.Decimal(str(parameters["minimum_amount"]))
    with open(source["path"], newline="", encoding="utf-8") as file:
        for order in csv.DictReader(file, delimiter=source["delimiter"]):
            if order["currency"] == parameters["currency"] and decimal.Decimal(order["amount"]) >= minimum:
                yield order


def write_orders(target, orders):
    path = pathlib.Path(target["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "placed", "customer", "currency", "amount"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(orders)
    part.replace(path)


def log_in(warehouse):
    """Stands for a connection: the password is used and never shown, only a short hash that tells two apart."""
    digest = hashlib.sha256(warehouse["password"].encode()).hexdigest()[:6]
    return f"{warehouse['user']}@{warehouse['host']} (password #{digest})"


def run_once(configuration):
    parameters, datasets = configuration["parameters"], configuration["datasets"]
    orders = list(accepted_orders(datasets["orders"], parameters))
    total = sum(decimal.Decimal(order["amount"]) for order in orders)
    write_orders(datasets["accepted"], orders)
    print(
        f"{len(orders)} orders of {parameters['minimum_amount']} {parameters['currency']} and more, {total} in all,"
        f" to {datasets['accepted']['path']} for {log_in(configuration['warehouse'])}",
        flush=True,
    )


def main():
    global reload_asked
    signal.signal(signal.SIGHUP, ask_reload)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    runs = int(os.environ.get("ORDERS_RUNS", "0"))
    configuration, done = None, 0
    while runs == 0 or done < runs:
        if reload_asked:
            reload_asked = False
            configuration = read_configuration()
        run_once(configuration)
        done += 1
        time.sleep(float(configuration["parameters"]["interval_seconds"]))


if __name__ == "__main__":
    main()
