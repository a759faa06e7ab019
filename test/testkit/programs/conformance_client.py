"""A client in Python (boto3) that is held to the conformance suite: one call on standard input, one answer on standard output."""

import datetime
import json
import re
import sys

import boto3
import botocore.exceptions

call = json.load(sys.stdin)


def with_times(value):
    if isinstance(value, list):
        return [with_times(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: datetime.datetime.fromisoformat(item.replace("Z", "+00:00")) if key == "Timestamp" else with_times(item)
        for key, item in value.items()
    }


client = boto3.client(
    "marketplace-entitlement" if call["operation"] == "GetEntitlements" else "meteringmarketplace",
    endpoint_url=call["endpoint"],
    region_name=call["region"],
    aws_access_key_id=call["credentials"]["accessKeyId"],
    aws_secret_access_key=call["credentials"]["secretAccessKey"],
    aws_session_token=call["credentials"].get("sessionToken"),
)
method = getattr(client, re.sub(r"\B([A-Z])", r"_\1", call["operation"]).lower())
try:
    answer = {"output": method(**with_times(call["input"]))}
except botocore.exceptions.ClientError as error:
    answer = {
        "error": {
            "name": error.response["Error"]["Code"],
            "message": error.response["Error"]["Message"],
            "requestId": error.response["ResponseMetadata"].get("RequestId"),
        }
    }
except botocore.exceptions.BotoCoreError as error:
    answer = {"error": {"name": type(error).__name__, "message": str(error)}}
json.dump(answer, sys.stdout, default=lambda value: value.isoformat())
