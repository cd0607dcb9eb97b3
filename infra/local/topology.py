"""`infra/topology.yaml` as typed records, whose references are checked."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from infra import ROOT

DEFAULT_FILE = ROOT / "infra" / "topology.yaml"

Record = TypeVar("Record")
Trigger = Literal["http", "schedule", "pubsub"]
Scope = Literal["COLLECTION", "COLLECTION_GROUP"]
# Pub/Sub's limit: https://cloud.google.com/pubsub/docs/handling-failures#exponential_backoff
Backoff = Annotated[int, Field(ge=0, le=600)]


class TopologyError(Exception):
    """The topology is invalid; the message names the places and the reasons."""


class _Record(BaseModel):
    """A mapping in the file. Unknown fields and values of other types are errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Function(_Record):
    """A function: its code, its trigger and its settings.

    CPU, memory, concurrency, timeout and numbers of instances apply only in production.
    """

    name: str
    folder: str
    entry_point: str
    trigger: Trigger
    cpu: int
    memory: str
    concurrency: int
    timeout_seconds: int
    minimum_instances: int
    maximum_instances: int
    publishes: list[str] = []
    environment: Mapping[str, str] = {}

    @property
    def source(self) -> Path:
        """The file that functions-framework loads."""
        return ROOT / self.folder / "main.py"


class Route(_Record):
    """A path template of the load balancer, and the function that serves it."""

    path: str
    function: str

    def pattern(self) -> re.Pattern[str]:
        """Return the template as a pattern of decoded paths: `*` matches one segment, `**` any rest.

        Source: https://cloud.google.com/load-balancing/docs/url-map-concepts
        """
        wildcards = {"**": ".*", "*": "[^/]+"}
        parts = re.split(r"(\*\*|\*)", self.path)
        return re.compile("".join(wildcards.get(part, re.escape(part)) for part in parts), re.DOTALL)


class Topic(_Record):
    """A topic.

    Attributes:
        name: its id.
        message: the full name of its protobuf message; None for dead-letter topics, which accept any.
        retention_days: how long messages are kept for replay, even after all subscriptions acknowledge them.
    """

    name: str
    message: str | None = None
    retention_days: Annotated[int, Field(ge=0, le=31)] = 0


class Retry(_Record):
    """The delay between a failed delivery and the next one."""

    minimum_backoff_seconds: Backoff
    maximum_backoff_seconds: Backoff


class DeadLetter(_Record):
    """The topic for messages whose delivery has failed this many times."""

    topic: str
    max_delivery_attempts: Annotated[int, Field(ge=5, le=100)]


class Subscription(_Record):
    """A push subscription of a function; if it is ordered, messages of an ordering key come in order."""

    name: str
    topic: str
    function: str
    ack_deadline_seconds: Annotated[int, Field(ge=10, le=600)]
    retry: Retry
    dead_letter: DeadLetter
    filter: str = ""
    ordered: bool = False


class Schedule(_Record):
    """A function that is called periodically."""

    name: str
    function: str
    every_minutes: Annotated[int, Field(gt=0, lt=60)]


class _FirebaseRecord(_Record):
    """A record whose fields have the names of the Firebase CLI.

    https://firebase.google.com/docs/reference/firestore/indexes
    """

    model_config = ConfigDict(alias_generator=to_camel)


class _Indexed(_FirebaseRecord):
    """What is indexed in one way."""

    order: Literal["ASCENDING", "DESCENDING"] | None = None
    array_config: Literal["CONTAINS"] | None = None

    @model_validator(mode="after")
    def _has_one_way(self) -> Self:
        if (self.order is None) == (self.array_config is None):
            raise ValueError("needs either order or arrayConfig")
        return self


class IndexedField(_Indexed):
    """A field of a composite index."""

    field_path: str


class CompositeIndex(_FirebaseRecord):
    """An index of several fields."""

    collection_group: str
    query_scope: Scope
    fields_: Annotated[list[IndexedField], Field(alias="fields")]


class FieldIndex(_Indexed):
    """An index of a single field."""

    query_scope: Scope


class FieldOverride(_FirebaseRecord):
    """The indexes of a field, instead of the automatic ones, and whether it has the time of expiry."""

    collection_group: str
    field_path: str
    indexes: list[FieldIndex]
    ttl: bool = False


class Firestore(_FirebaseRecord):
    """Firestore's indexes. The emulator reads them itself; here, they are only checked."""

    indexes: list[CompositeIndex] = []
    field_overrides: list[FieldOverride] = []


def _with_names(section: object) -> object:
    """Give the records of a section their keys as names."""
    if not isinstance(section, dict):
        return section
    return {
        key: {**record, "name": key} if isinstance(record, dict) else record
        for key, record in section.items()
    }


Section = Annotated[Mapping[str, Record], BeforeValidator(_with_names)]


class Topology(_Record):
    """The whole topology."""

    functions: Section[Function] = {}
    routes: list[Route] = []
    topics: Section[Topic] = {}
    subscriptions: Section[Subscription] = {}
    schedules: Section[Schedule] = {}
    firestore: Firestore


class _Loader(yaml.SafeLoader):
    """Rejects a key that a mapping has twice, as YAML does. PyYAML itself would use the last one."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        keys: list[object] = []  # a key may be a list
        for key, _ in node.value:
            if key.value in keys:
                raise yaml.composer.ComposerError(None, None, f"{key.value} is there twice", key.start_mark)
            keys.append(key.value)
        return node


def load(file: Path) -> Topology:
    """Read a topology.

    Raises:
        TopologyError: the file is not a topology, or names a function, topic or file that does not exist.
    """
    try:
        topology = Topology.model_validate(_Loader(file.read_bytes()).get_single_data())
        _check(topology)
    except OSError as error:
        raise TopologyError(f"{file}: {error.strerror}") from error
    except ValidationError as error:
        raise TopologyError(f"{file}: {'; '.join(map(_fault, error.errors()))}") from error
    except (yaml.YAMLError, ValueError) as error:  # a ValueError is of a date that does not exist
        raise TopologyError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    except TopologyError as error:
        raise TopologyError(f"{file}: {error}") from error
    return topology


def _fault(fault: ErrorDetails) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    return f"{place.removeprefix('.') or 'the topology'}: {fault['msg']}"


def _check(topology: Topology) -> None:
    for function in topology.functions.values():
        if not function.source.is_file():
            raise TopologyError(f"functions.{function.name}: there is no {function.source}")
        for topic in function.publishes:
            _known(topic, topology.topics, f"functions.{function.name}")
    for route in topology.routes:
        _check_call(route.function, "http", topology, f"the route {route.path}")
    for subscription in topology.subscriptions.values():
        where = f"subscriptions.{subscription.name}"
        _check_call(subscription.function, "pubsub", topology, where)
        _known(subscription.topic, topology.topics, where)
        _known(subscription.dead_letter.topic, topology.topics, where)
    for schedule in topology.schedules.values():
        where = f"schedules.{schedule.name}"
        _check_call(schedule.function, "schedule", topology, where)
        # Cloud Scheduler counts from the hour, so the interval at its end would be shorter.
        if 60 % schedule.every_minutes:
            raise TopologyError(f"{where}.every_minutes: {schedule.every_minutes} does not divide an hour")


def _check_call(function: str, trigger: Trigger, topology: Topology, where: str) -> None:
    """Check that a caller's function exists, and has it as trigger: Terraform lets nobody else call it."""
    _known(function, topology.functions, where)
    actual = topology.functions[function].trigger
    if actual != trigger:
        raise TopologyError(f"{where} calls {function}, whose trigger is {actual}, not {trigger}")


def _known(name: str, known: Mapping[str, object], where: str) -> None:
    if name not in known:
        raise TopologyError(f"{where} names {name}, which is not declared (there are: {', '.join(known)})")
