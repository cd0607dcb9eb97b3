"""Ids in paths. What is no UUID names nothing, and must not reach the store as a document's name."""

import re

from pydantic import ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request

from shared.domain.errors import Fault, Invalid, MachineNotFound
from shared.edge.validation import UuidText

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_UUIDS = TypeAdapter(UuidText, config=ConfigDict(defer_build=True))


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
    try:
        return _UUIDS.validate_python(request.path_params[name])
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise Invalid([Fault(("path", name), fault["type"], fault["msg"]) for fault in details]) from error
