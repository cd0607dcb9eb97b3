"""Request bodies about machines, except hardware profiles."""

from typing import Annotated, Any

from pydantic import Field, PlainSerializer

from functions.machines.profile import AgentVersion, Hostname, Name
from functions.machines.timestamps import Timestamp
from shared.edge.machine_status import NUMBERS, MachineStatus
from shared.edge.parameters import ClearableParameters, Parameters
from shared.edge.sensitive_parameters import SensitiveParameters
from shared.edge.validation import NOT_SENT, Strict, UuidText
from shared.pb.inventory.v1.machine_pb2 import Machine

# The published API has no limits for these; they have the limits of a name.
Fingerprint = Annotated[str, Field(min_length=1, max_length=255)]
KeyId = Annotated[str, Field(min_length=1, max_length=255)]


class FingerprintRegistration(Strict):
    """What an agent reports about its machine. The fingerprint is unique in the organization."""

    fingerprint: Fingerprint
    unkey_key_id: KeyId
    name: Name | None = None
    version: AgentVersion = None
    hostname: Hostname | None = None
    os_info: str | None = None
    machine_parameters: Parameters | None = None
    machine_sensitive_parameters: SensitiveParameters = None

    def machine(self) -> Machine:
        """Return the machine's message, with the fields that the agent can set."""
        return Machine(**self.model_dump(by_alias=True, exclude={"machine_sensitive_parameters"}))


class MachinePatch(Strict):
    """The fields to change. Fields that are not sent stay.

    Null clears optional fields, and `{}` clears the parameters. Other fields cannot be null.
    """

    name: Name | None = NOT_SENT
    version: AgentVersion = NOT_SENT
    hostname: Hostname | None = NOT_SENT
    os_info: str | None = NOT_SENT
    status: Annotated[MachineStatus, Field(strict=False), PlainSerializer(NUMBERS.__getitem__)] = NOT_SENT
    is_available: bool = NOT_SENT
    alerts_enabled: bool = NOT_SENT
    last_seen: Annotated[
        Timestamp,
        Field(
            description="When the machine last sent a heartbeat, to the microsecond (more digits are cut); "
            "UTC if there is no time zone. If it is not sent and `status` is `connected`, it is the current "
            "time. A PATCH that changes nothing else is a heartbeat, which makes neither a version nor an "
            "event. A heartbeat that moves the time by less than 10 s is not stored"
        ),
    ] = NOT_SENT
    reserved_session_id: UuidText | None = NOT_SENT
    machine_parameters: ClearableParameters | None = NOT_SENT
    machine_sensitive_parameters: SensitiveParameters = NOT_SENT

    def changes(self) -> dict[str, Any]:
        """Return the new values by the names of the message's fields; None clears a field."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude={"machine_sensitive_parameters"})
