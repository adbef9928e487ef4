#!/usr/bin/env python3
"""Writes a C header with one array of bytes for each file: embed.py OUTPUT FILE..."""

import json
import pathlib
import sys


def main():
    output, *files = sys.argv[1:]
    lines = ["/* Made by embed.py from the JSON files beside it. */", "#pragma once", ""]
    for file in map(pathlib.Path, files):
        text = json.dumps(json.loads(file.read_text()), separators=(",", ":"))
        name = "metaschema_" + file.stem.replace("-", "_")
        lines.append(f"static const char {name}[] = {{")
        data = text.encode()
        for start in range(0, len(data), 24):
            lines.append("\t" + " ".join(f"{byte}," for byte in data[start:start + 24]))
        lines.append("};")
    pathlib.Path(output).write_text("\n".join(lines) + "\n")


main()
