"""The body of `PATCH /v1/machines/{id}`: what agents and owners change of a machine."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, PlainSerializer

from shared.edge.machine_profile import AgentVersion, Hostname, Name
from shared.edge.machine_status import IN_MESSAGES, MachineStatus
from shared.edge.moment import Moment
from shared.edge.parameters import ClearableParameters
from shared.edge.sensitive_parameters import SensitiveParameters
from shared.edge.validation import Strict, UuidText, without_default

# What is not sent stays: the default is never read, and no document of the API shows it.
_STAYS: Any = Field(default=None, json_schema_extra=without_default)


class MachinePatch(Strict):
    """What changes. Null clears what a machine need not have, `{}` its parameters; the rest takes no null."""

    name: Name | None = _STAYS
    version: AgentVersion = _STAYS
    hostname: Hostname | None = _STAYS
    os_info: str | None = _STAYS
    status: Annotated[MachineStatus, Field(strict=False), PlainSerializer(IN_MESSAGES.__getitem__)] = _STAYS
    is_available: bool = _STAYS
    alerts_enabled: bool = _STAYS
    last_seen: Annotated[
        Moment,
        Field(
            description="When the machine was last heard of, in UTC where no zone is named; now, where "
            "`status` is `connected` and this is not sent. A PATCH that changes nothing else is a heartbeat, "
            "which makes neither a version nor an event; one that moves the time by less than 10 s is "
            "answered and not written"
        ),
    ] = _STAYS
    reserved_session_id: Annotated[UuidText, PlainSerializer(UUID.__str__)] | None = _STAYS
    machine_parameters: ClearableParameters | None = _STAYS
    machine_sensitive_parameters: SensitiveParameters = _STAYS

    def changes(self) -> dict[str, Any]:
        """Give the new value of each field of the machine's message that changes; None clears it."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude={"machine_sensitive_parameters"})
