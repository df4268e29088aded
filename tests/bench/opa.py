"""Asks OPA (the Go library of PyPI's opa-golib-python-bindings, 1.20) what a policy says of documents.

Reads one JSON object from standard input: {"modules": {name: text}, "entry": "data.x.verdict", "inputs": FILE (one document
a line), "mode": "answers" | "time", "batch": n}. "answers" prints one line a document: {"value": v}, {} where undefined,
{"error": code}. "time" prints {"single": [seconds, n], "batched": [seconds, n]} of processor time.
Exits with 3 where the package is not there.
"""

import ctypes
import json
import sys
import time

try:
    from opa_bindings import _native
except (ImportError, OSError) as error:
    print(f"OPA not installed: {error}", file=sys.stderr)
    sys.exit(3)

DRIVER = """package driver
answers := [answer | some document in input.documents; answer := one(document)]
one(document) := {"value": value} if { value := %s with input as document } else := {}
"""


class Opa:
    def __init__(self, modules):
        self.lib = _native.load()
        self.handle = self.lib.OpaNew()
        for name, text in modules.items():
            found = self.call(self.lib.OpaAddPolicy, name.encode(), text.encode())
            if "error" in found:
                raise SystemExit(f"{name}: {found['error']}")

    def raw(self, function, *arguments):
        pointer = function(self.handle, *arguments)
        try:
            return ctypes.string_at(pointer)
        finally:
            self.lib.OpaFreeString(pointer)

    def call(self, function, *arguments):
        envelope = json.loads(self.raw(function, *arguments))
        return {key: value for key, value in envelope.items() if value is not None}

    def query(self, query, document):
        return self.raw(self.lib.OpaEvalQuery, query.encode(), document, 0, 0)


def answer(reply):
    envelope = json.loads(reply)
    if envelope.get("error"):
        return {"error": envelope["error"].get("code", "?"), "message": envelope["error"].get("message", "")}
    result = envelope.get("result") or []
    bindings = result[0] if result else {}
    bindings = bindings.get("bindings", bindings)
    return {"value": bindings["x"]} if "x" in bindings else {}


def main():
    order = json.load(sys.stdin)
    entry = order["entry"]
    modules = dict(order["modules"], **{"driver.rego": DRIVER % entry})
    opa = Opa(modules)
    with open(order["inputs"], "rb") as file:
        inputs = [line.strip() for line in file if line.strip()]
    single = f"x := {entry}"
    if order["mode"] == "answers":
        for document in inputs:
            print(json.dumps(answer(opa.query(single, document))))
        return
    size = order.get("batch", 500)
    joined = [b'{"documents":[' + b",".join(inputs[at : at + size]) + b"]}" for at in range(0, len(inputs), size)]
    opa.query(single, inputs[0])
    opa.query("x := data.driver.answers", joined[0])
    start = time.process_time()
    for document in inputs:
        opa.query(single, document)
    middle = time.process_time()
    for batch in joined:
        opa.query("x := data.driver.answers", batch)
    end = time.process_time()
    print(json.dumps({"single": [middle - start, len(inputs)], "batched": [end - middle, len(inputs)]}))


main()
