#!/usr/bin/env python3
"""Writes <case>.schema.json and <case>.jsonl for every case of cases.py into a folder: the same for the same seed."""

import argparse
import json
import pathlib
import random

from cases import CASES


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=200, help="instances a case")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for case, (schema, make) in CASES.items():
        rnd = random.Random("%d %s" % (arguments.seed, case))
        (arguments.folder / (case + ".schema.json")).write_text(json.dumps(schema, indent=2) + "\n")
        with (arguments.folder / (case + ".jsonl")).open("w") as out:
            for _ in range(arguments.count):
                out.write(json.dumps(make(rnd)) + "\n")


if __name__ == "__main__":
    main()
