"""docs/api.md: each of its examples, in their order, answers as it says: the status, and the members of the JSON or the very text."""
import json
import os
import re
import shlex
import unittest

from support import Case

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "api.md")
EXAMPLE = re.compile(r"```console\n\$ (.*?)\n→ (\d+)\n```", re.S)


def shape(value):
    """The members of objects, the items of lists and the kinds of values: what is the same in every run."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return sorted((shape(item) for item in value), key=repr)
    return type(value)


class Examples(Case):
    def ask_as(self, command):
        """What a command line of curl asks, asked."""
        words = shlex.split(command.replace("$A", "").replace("$T", self.server.admin))
        self.assertEqual(words[:2], ["curl", "-s"])
        method, headers, body, path = "GET", {}, None, None
        words = words[2:]
        while words:
            word = words.pop(0)
            if word == "-X":
                method = words.pop(0)
            elif word == "-H":
                name, value = words.pop(0).split(": ", 1)
                headers[name] = value
            elif word == "--data-binary":
                body = words.pop(0)
            elif word == "-o":
                words.pop(0)
            else:
                self.assertIsNone(path, command)
                path = word
        return self.server.ask(method, path, body=body, type=headers.pop("Content-Type", None), token=None, headers=headers)

    def test_they_answer_as_they_are_told_to(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            text = file.read()
        examples = EXAMPLE.findall(text)
        self.assertEqual(len(examples), text.count("```console\n"))
        for example, status in examples:
            lines = example.split("\n")
            # A command goes on while a quote is open.
            last = next(i for i in range(len(lines)) if "\n".join(lines[:i + 1]).count("'") % 2 == 0)
            command, told = "\n".join(lines[:last + 1]), "\n".join(lines[last + 1:])
            answer = self.expect(self.ask_as(command), int(status))
            if told.startswith("{"):
                self.assertEqual(shape(answer.json), shape(json.loads(told)), command)
            elif "reeve/" not in told and "…" not in told and told:
                self.assertEqual(answer.body.decode().rstrip("\n"), told, command)


if __name__ == "__main__":
    unittest.main()
