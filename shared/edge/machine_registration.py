"""The body of `POST /v1/machines`, by which an agent registers the machine that it runs on."""

from typing import Annotated

from pydantic import Field

from shared.edge.machine_profile import AgentVersion, Hostname, Name
from shared.edge.parameters import Parameters
from shared.edge.sensitive_parameters import SensitiveParameters
from shared.edge.validation import Strict
from shared.pb.inventory.v1.machine_pb2 import Machine

# The API that this call comes from sets no limits to them; these are those of a name.
Fingerprint = Annotated[str, Field(min_length=1, max_length=255)]
KeyId = Annotated[str, Field(min_length=1, max_length=255)]


class MachineRegistration(Strict):
    """What an agent says of its machine; the fingerprint tells it from the organization's others."""

    fingerprint: Fingerprint
    unkey_key_id: KeyId
    name: Name | None = None
    version: AgentVersion = None
    hostname: Hostname | None = None
    os_info: str | None = None
    machine_parameters: Parameters | None = None
    machine_sensitive_parameters: SensitiveParameters = None

    def machine(self) -> Machine:
        """Make the machine's message, with the fields that the agent may choose."""
        return Machine(**self.model_dump(by_alias=True, exclude={"machine_sensitive_parameters"}))
