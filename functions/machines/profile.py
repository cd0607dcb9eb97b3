"""The body that registers or replaces a machine: its hardware profile and optional fields."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from functions.machines.profile_message import MAX_ARRAY_LENGTH, parse_message
from shared.domain.errors import Fault
from shared.domain.identities import parse_mac
from shared.edge import body
from shared.edge.parameters import Parameters
from shared.edge.resource import Call
from shared.edge.validation import Int64, MaxLength, Strict, validate
from shared.pb.inventory.v1.machine_pb2 import Machine

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_LABEL_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
LABEL_KEY = re.compile(rf"(?=[^/]{{1,253}}(?:/|$))(?:{_DNS_LABEL}(?:\.{_DNS_LABEL})*/)?{_LABEL_NAME}")
LABEL_VALUE = re.compile(rf"(?:{_LABEL_NAME})?")

# What `parse_mac` accepts, for the OpenAPI document: the first octet is even, and not all octets are zero.
MAC_PATTERN = (
    r"^(?![0.:-]*$)[0-9A-Fa-f][02468ACEace]"
    r"(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5}|(?:\.[0-9A-Fa-f]{2}){5}"
    r"|[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{4}){2}|(?:-[0-9A-Fa-f]{4}){2}|(?:\.[0-9A-Fa-f]{4}){2}|[0-9A-Fa-f]{8}))$"
)


def _mac(text: str) -> str:
    try:
        return parse_mac(text)
    except ValueError as error:
        raise PydanticCustomError("mac_address", str(error)) from error


def _label_key(text: str) -> str:
    if not LABEL_KEY.fullmatch(text):
        raise PydanticCustomError("label_key", "must be a valid Kubernetes label key")
    return text


def _label_value(text: str) -> str:
    if not LABEL_VALUE.fullmatch(text):
        raise PydanticCustomError("label_value", "must be a valid Kubernetes label value")
    return text


def _at_least_one(nics: list["NicProfile"]) -> list["NicProfile"]:
    if not nics:
        raise PydanticCustomError("too_short", "at least one NIC is required")
    return nics


Natural = Annotated[Int64, Field(ge=1, le=2**63 - 1)]
Manufacturer = Annotated[str, Field(min_length=1, max_length=255)]
Mac = Annotated[str, AfterValidator(_mac), WithJsonSchema({"type": "string", "pattern": MAC_PATTERN})]
LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[
    str,
    AfterValidator(_label_value),
    WithJsonSchema({"type": "string", "pattern": f"^{LABEL_VALUE.pattern}$"}),
]
Labels = Annotated[
    dict[LabelKey, LabelValue],
    MaxLength(64),
    # Not `patternProperties`, from which many generators of clients make an object without any names.
    Field(json_schema_extra={"propertyNames": {"pattern": f"^{LABEL_KEY.pattern}$"}}),
]
Name = Annotated[str, Field(max_length=255)]
Hostname = Annotated[str, Field(max_length=255)]
Version = Annotated[str, Field(max_length=50)]

# In a machine's message, the field `version` is the machine's own version.
AgentVersion = Annotated[
    Version | None,
    Field(serialization_alias="agent_version", description="The version of the agent on the machine"),
]


class CpuProfile(Strict):
    """A processor; its clock frequency is in hertz."""

    manufacturer: Manufacturer
    clock_frequency: Natural
    cores: Natural


class MemoryModuleProfile(Strict):
    """A memory module; its size is in bytes."""

    size: Natural


class AcceleratorProfile(Strict):
    """An accelerator, such as a GPU."""

    manufacturer: Manufacturer


class NicProfile(Strict):
    """A network interface."""

    mac: Mac


_MAX_NICS = 128
Nics = Annotated[
    list[NicProfile],
    MaxLength(_MAX_NICS),
    AfterValidator(_at_least_one),
    Field(json_schema_extra={"minItems": 1, "uniqueItems": True}),
]


class DriveProfile(Strict):
    """A drive; its capacity is in bytes."""

    capacity: Natural


class MachineProfile(Strict):
    """The values that a client can set when it registers or replaces a machine.

    Arrays and labels that are not sent are empty.
    """

    model_config = ConfigDict(json_schema_extra={"required": ["nics"]})

    cpus: Annotated[list[CpuProfile], MaxLength(256)] = Field(default=[])
    memory_modules: Annotated[list[MemoryModuleProfile], MaxLength(MAX_ARRAY_LENGTH)] = Field(default=[])
    accelerators: Annotated[list[AcceleratorProfile], MaxLength(256)] = Field(default=[])
    nics: Nics = Field(default=[], validate_default=True)  # the default is rejected with its own message
    drives: Annotated[list[DriveProfile], MaxLength(MAX_ARRAY_LENGTH)] = Field(default=[])
    name: Name | None = None
    hostname: Hostname | None = None
    version: AgentVersion = None
    os_info: str | None = None
    labels: Labels = Field(default={})
    machine_parameters: Parameters | None = None

    def machine(self) -> Machine:
        """Return the machine's message, with the fields that a client can set."""
        return Machine(**self.model_dump(by_alias=True))


def read_profile(call: Call) -> Machine:
    """Return the machine in a request's body, from JSON or protobuf.

    Raises:
        Invalid: the body has faults; the error lists all of them.
        MalformedBody: the body cannot be parsed as its media type.
        UnsupportedMediaType: its media type is neither of the two.
        UnsupportedContentCoding: it has a content coding.
    """
    document, faults = body.parse(call.request, call.body, parse_message)
    return validate(MachineProfile, document, known=[*faults, *_repeated_macs(document)]).machine()


def _repeated_macs(document: Any) -> list[Fault]:  # noqa: ANN401 - what a client sent
    """Return a fault for each MAC address of a profile that repeats an earlier one."""
    nics = document.get("nics") if isinstance(document, dict) else None
    if not isinstance(nics, list) or len(nics) > _MAX_NICS:
        return []
    first: dict[str, int] = {}
    faults = []
    for index, nic in enumerate(nics):
        text = nic.get("mac") if isinstance(nic, dict) else None
        try:
            mac = parse_mac(text) if isinstance(text, str) else None
        except ValueError:
            continue  # validation reports it
        if mac is not None and first.setdefault(mac, index) != index:
            location = ("body", "nics", index, "mac")
            faults.append(Fault(location, "repeated_mac", f"is the MAC address of nics[{first[mac]}] too"))
    return faults
