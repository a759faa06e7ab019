"""A seller's test in Python: the market is a process of its own, found by its ready file. Run by pytest, or by itself."""

import datetime
import json
import os
import shlex
import subprocess
import tempfile
import time
import urllib.request

import boto3

COUNTINGHOUSE = shlex.split(os.environ.get("COUNTINGHOUSE", "npx countinghouse"))
NOW = datetime.datetime(2026, 3, 15, 10, 30, tzinfo=datetime.timezone.utc)


class Market:
    """A market with a store in memory, on a clock that stands still."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        ready = os.path.join(self.folder.name, "ready.json")
        command = ["serve", "--port", "0", "--store", "memory:", "--rules", "current", "--ready-file", ready]
        self.process = subprocess.Popen(COUNTINGHOUSE + command + ["--clock", f"manual:{NOW.isoformat()}"])
        # Written in one step once it listens.
        while not os.path.exists(ready):
            assert self.process.poll() is None, "the market did not start"
            time.sleep(0.05)
        with open(ready) as file:
            self.at = json.load(file)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def operator(self, method, path, body=None):
        request = urllib.request.Request(
            self.at["operatorUrl"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {self.at['operatorToken']}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def test_an_hour_is_metered_once():
    with Market() as market:
        # The demo catalogue: its seller's key, product and customers are in the documentation.
        client = boto3.client(
            "meteringmarketplace",
            endpoint_url=market.at["endpoint"],
            region_name="us-east-1",
            aws_access_key_id="AKIACOUNTINGHOUSE001",
            aws_secret_access_key="example-secret",
        )
        record = {
            "Timestamp": NOW - datetime.timedelta(hours=1),
            "CustomerIdentifier": "demoCustomer1",
            "Dimension": "gb_ingested",
            "Quantity": 12,
        }
        fault = {"operation": "BatchMeterUsage", "kind": "drop-answer"}
        market.operator("POST", "/faults", fault)
        client.batch_meter_usage(ProductCode="0abcdefghijklmnopqrstuvwx", UsageRecords=[record])
        kept = market.operator("GET", "/metering-records")["items"]
        assert [row["quantity"] for row in kept] == [12], kept
        market.operator("PUT", "/clock", {"advanceSeconds": 25 * 3600})
        market.operator("POST", "/reset")
        assert market.operator("GET", "/metering-records")["items"] == []


if __name__ == "__main__":
    test_an_hour_is_metered_once()
    print("passed")
