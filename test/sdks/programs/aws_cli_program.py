"""The AWS CLI: its driver is given one command line after another, since a process for each takes a second of its own."""

import contextlib
import io
import json
import os
import re
import sys
import time

import awscli.clidriver

SERVICES = {"metering": "meteringmarketplace", "entitlement": "marketplace-entitlement", "cloudtrail": "cloudtrail"}


def answer(scenario, call):
    command = re.sub(r"\B([A-Z])", r"-\1", call["operation"]).lower()
    line = ["--endpoint-url", scenario["endpoint"], "--region", scenario["region"], "--output", "json"]
    line += ["--no-paginate", SERVICES[call["service"]], command, "--cli-input-json", json.dumps(call["input"])]
    printed, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(told):
        code = awscli.clidriver.create_clidriver().main(line)
    if code == 0:
        return {"output": json.loads(printed.getvalue())}
    known = re.search(r"An error occurred \((\w+)\) when calling the \w+ operation[^:]*: (.*)", told.getvalue())
    name, message = known.groups() if known else (f"exit code {code}", told.getvalue())
    return {"error": {"name": name, "message": message}}


def answers_of(scenario):
    keys = scenario.get("credentials")
    if keys:
        os.environ.update(AWS_ACCESS_KEY_ID=keys["accessKeyId"], AWS_SECRET_ACCESS_KEY=keys["secretAccessKey"])
    # At once with other programs; its own calls follow one another.
    time.sleep(max(0, scenario.get("notBeforeMs", 0) / 1000 - time.time()))
    return [answer(scenario, call) for call in scenario["calls"]]


answers = [answers_of(scenario) for scenario in json.load(sys.stdin)]
json.dump(answers, sys.stdout)
