"""Ids in paths. What is no UUID names nothing, and must not reach the store as a document's name."""

import re

from starlette.requests import Request

from shared.domain.errors import Fault, Invalid, MachineNotFound

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def machine_id(request: Request) -> str:
    """Read the machine's id from a path of the machines family, where a malformed one is just unknown.

    Raises:
        MachineNotFound: it is no UUID.
    """
    text: str = request.path_params["machine_id"]
    if not _UUID.fullmatch(text):
        raise MachineNotFound(text)
    return text.lower()


def uuid(request: Request, name: str) -> str:
    """Read an id from a path of the pools family, where a malformed one is a fault.

    Raises:
        Invalid: it is no UUID.
    """
    text: str = request.path_params[name]
    if not _UUID.fullmatch(text):
        raise Invalid([Fault(("path", name), "uuid_parsing", "Input should be a valid UUID")])
    return text.lower()
