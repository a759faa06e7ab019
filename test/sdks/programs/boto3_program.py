"""boto3."""

import concurrent.futures
import datetime
import json
import re
import sys
import time

import boto3
import botocore.config
import botocore.exceptions
import botocore.session

CLIENTS = {"metering": "meteringmarketplace", "entitlement": "marketplace-entitlement", "cloudtrail": "cloudtrail"}
TIMES = ("Timestamp", "StartTime", "EndTime")


def with_times(value):
    if isinstance(value, list):
        return [with_times(item) for item in value]
    if not isinstance(value, dict):
        return value
    # Older versions of Python do not read the Z.
    return {
        key: datetime.datetime.fromisoformat(item.replace("Z", "+00:00")) if key in TIMES else with_times(item)
        for key, item in value.items()
    }


def session_of(scenario):
    session = botocore.session.get_session()
    if scenario.get("protocol") == "rpc-v2-cbor":
        loader = session.get_component("data_loader")
        load = loader.load_service_model

        # The models name the protocols that a service speaks; here they name this one only.
        def load_in_cbor(service_name, type_name, api_version=None):
            model = load(service_name, type_name, api_version)
            if type_name == "service-2" and service_name in CLIENTS.values():
                model["metadata"].update(protocol="smithy-rpc-v2-cbor", protocols=["smithy-rpc-v2-cbor"])
            return model

        loader.load_service_model = load_in_cbor
    return boto3.session.Session(botocore_session=session, region_name=scenario["region"])


def answers_of(scenario):
    session = session_of(scenario)
    keys = scenario.get("credentials")
    given = keys and {"aws_access_key_id": keys["accessKeyId"], "aws_secret_access_key": keys["secretAccessKey"]}
    config = botocore.config.Config(max_pool_connections=50)
    clients = {
        service: session.client(CLIENTS[service], endpoint_url=scenario["endpoint"], config=config, **(given or {}))
        for service in {call["service"] for call in scenario["calls"]}
    }

    def answer(call):
        method = getattr(clients[call["service"]], re.sub(r"\B([A-Z])", r"_\1", call["operation"]).lower())
        try:
            return {"output": method(**with_times(call["input"]))}
        except botocore.exceptions.ClientError as error:
            return {"error": {"name": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}}
        except Exception as error:  # Whatever it throws is its answer.
            return {"error": {"name": type(error).__name__, "message": str(error)}}

    if not scenario.get("atOnce"):
        return [answer(call) for call in scenario["calls"]]
    time.sleep(max(0, scenario["notBeforeMs"] / 1000 - time.time()))
    with concurrent.futures.ThreadPoolExecutor(max_workers=50) as pool:
        return list(pool.map(answer, scenario["calls"]))


answers = [answers_of(scenario) for scenario in json.load(sys.stdin)]
json.dump(answers, sys.stdout, default=lambda value: value.isoformat())
