"""Ids in paths. An id that is not a UUID must not reach the store as part of a document's name."""

import re

from pydantic import ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request

from shared.domain.errors import Fault, Invalid, MachineNotFound
from shared.edge.validation import UuidText

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_UUIDS = TypeAdapter(UuidText, config=ConfigDict(defer_build=True))


def machine_id(request: Request) -> str:
    """Return the machine's id in a path of the machines family, in which a malformed id is just unknown.

    Raises:
        MachineNotFound: the id is not a UUID.
    """
    text: str = request.path_params["machine_id"]
    if not _UUID.fullmatch(text):
        raise MachineNotFound(text)
    return text.lower()


def uuid(request: Request, name: str) -> str:
    """Return an id in a path of the pools family, in which a malformed id is a fault.

    Raises:
        Invalid: the id is not a UUID.
    """
    try:
        return _UUIDS.validate_python(request.path_params[name])
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise Invalid([Fault(("path", name), fault["type"], fault["msg"]) for fault in details]) from error
