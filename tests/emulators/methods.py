"""Every method of a service in Google's client packages, and a way to call it with any bytes."""

import json
import typing
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, resources
from typing import Any

import grpc
from google.protobuf.message import Message


@dataclass(frozen=True)
class Method:
    """A method of a service in Google's client package: its path, and an empty request."""

    service: str
    name: str
    request: Message

    def __str__(self) -> str:
        return f"{self.service}/{self.name}"

    def call(self, channel: grpc.Channel, *bodies: bytes, seconds: float = 5) -> "Outcome":
        """Send bodies unchanged, as a stream: on the wire, a single message is a stream of one."""
        call: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
            f"/{self.service}/{self.name}"
        )
        try:
            responses = list(call(iter(bodies), timeout=seconds, wait_for_ready=True))
        except grpc.RpcError as error:
            return Outcome(error.code(), error.details() or "", [])
        return Outcome(grpc.StatusCode.OK, "", responses)


@dataclass(frozen=True)
class Outcome:
    """The result of a call."""

    code: grpc.StatusCode
    details: str
    responses: list[bytes]


def methods(package: str) -> list[Method]:
    """Return all methods of all services in one of Google's client packages, such as `google.pubsub_v1`."""
    metadata = json.loads((resources.files(package) / "gapic_metadata.json").read_text())
    found = []
    for service, kinds in metadata["services"].items():
        client = getattr(import_module(package + ".services." + _snake(service)), f"{service}Client")
        for name, (python_name,) in ((n, m["methods"]) for n, m in kinds["clients"]["grpc"]["rpcs"].items()):
            request = _request(getattr(client, python_name))
            found.append(Method(f"{metadata['protoPackage']}.{service}", name, request))
    return found


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _request(method: Callable[..., Any]) -> Message:
    hints = typing.get_type_hints(method)
    annotation: Any = hints.get("request") or hints["requests"]
    while not hasattr(annotation, "pb"):
        annotation = next(inner for inner in typing.get_args(annotation) if inner not in (dict, type(None)))
    message: Message = annotation.pb(annotation())
    return message
