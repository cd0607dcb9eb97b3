"""The body of `PATCH /v1/machines/{id}`: what agents and owners change of a machine."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.edge.machine_profile import Hostname, Name, Parameters, Version, compact_json
from shared.edge.moment import Moment
from shared.edge.sensitive_parameters import SensitiveParameters
from shared.edge.validation import Strict, UuidText, without_default
from shared.pb.inventory.v1.machine_pb2 import MachineStatus


class Status(StrEnum):
    """How a machine stands to the service."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ERROR = "error"


# What is not sent stays: the default is never read, and no document of the API shows it.
_STAYS: Any = Field(default=None, json_schema_extra=without_default)


class MachinePatch(Strict):
    """What changes. Null clears what a machine need not have; the rest takes no null."""

    name: Name | None = _STAYS
    version: Version | None = _STAYS
    hostname: Hostname | None = _STAYS
    os_info: str | None = _STAYS
    status: Annotated[Status, Field(strict=False)] = _STAYS
    is_available: bool = _STAYS
    alerts_enabled: bool = _STAYS
    last_seen: Moment = _STAYS
    reserved_session_id: UuidText | None = _STAYS
    machine_parameters: Parameters | None = _STAYS
    machine_sensitive_parameters: SensitiveParameters = _STAYS

    def changes(self) -> dict[str, Any]:
        """Give the new value of each field of the machine's message that changes; None clears it."""
        sent = self.model_fields_set - {"machine_sensitive_parameters"}
        return {_FIELDS.get(name, name): _value(getattr(self, name)) for name in sent}


_FIELDS = {"version": "agent_version"}


def _value(value: Any) -> Any:  # noqa: ANN401 - a field's value, of any kind
    match value:
        case Status():
            return MachineStatus.Value(f"MACHINE_STATUS_{value.name}")
        case UUID():
            return str(value)
        case dict():
            return compact_json(value) if value else None
        case _:
            return value
