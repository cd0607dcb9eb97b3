"""`infra/topology.yaml` as typed records, whose references are checked."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from infra import ROOT

DEFAULT_FILE = ROOT / "infra" / "topology.yaml"

Record = TypeVar("Record")


class TopologyError(Exception):
    """The topology is invalid; the message names the place and the reason."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function: its code, its trigger and its settings.

    CPU, memory, concurrency, timeout and numbers of instances apply only in production.
    """

    name: str
    folder: str
    entry_point: str
    trigger: Literal["http", "schedule", "pubsub"]
    cpu: int
    memory: str
    concurrency: int
    timeout_seconds: int
    minimum_instances: int
    maximum_instances: int
    publishes: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        """The file that functions-framework loads."""
        return ROOT / self.folder / "main.py"


@dataclass(frozen=True, kw_only=True)
class Route:
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


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic.

    Attributes:
        name: its id.
        message: the full name of its protobuf message; None for dead-letter topics, which accept any.
        retention_days: how long messages are kept for replay, even after all subscriptions acknowledge them.
    """

    name: str
    message: str | None = None
    retention_days: int = 0


@dataclass(frozen=True, kw_only=True)
class Retry:
    """The delay between a failed delivery and the next one."""

    minimum_backoff_seconds: int
    maximum_backoff_seconds: int


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """The topic for messages whose delivery has failed this many times."""

    topic: str
    max_delivery_attempts: int


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A push subscription of a function."""

    name: str
    topic: str
    function: str
    ack_deadline_seconds: int
    retry: Retry
    dead_letter: DeadLetter
    filter: str = ""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A function that is called periodically."""

    name: str
    function: str
    every_minutes: int


@dataclass(frozen=True, kw_only=True)
class Topology:
    """The topology without Firestore's indexes, which the emulator reads itself."""

    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    topics: Mapping[str, Topic]
    subscriptions: Mapping[str, Subscription]
    schedules: Mapping[str, Schedule]


def load(file: Path) -> Topology:
    """Read a topology.

    Raises:
        TopologyError: the file is not a topology, or names a function, topic or file that does not exist.
    """
    try:
        topology = _parse(yaml.safe_load(file.read_bytes()))
        _check(topology)
    except OSError as error:
        raise TopologyError(f"{file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise TopologyError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    except TopologyError as error:
        raise TopologyError(f"{file}: {error}") from error
    return topology


def _parse(document: object) -> Topology:
    sections = _mapping(document, "the topology")
    routes = sections.get("routes", [])
    if not isinstance(routes, list):
        raise TopologyError("routes is not a list")
    return Topology(
        functions=_named(Function, sections, "functions"),
        routes=tuple(_record(Route, route, f"routes[{index}]") for index, route in enumerate(routes)),
        topics=_named(Topic, sections, "topics"),
        subscriptions=_named(_subscription, sections, "subscriptions"),
        schedules=_named(Schedule, sections, "schedules"),
    )


def _named(make: Callable[..., Record], sections: Mapping[str, Any], section: str) -> dict[str, Record]:
    records = _mapping(sections.get(section, {}), section)
    return {
        name: _record(make, {"name": name, **_mapping(record, f"{section}.{name}")}, f"{section}.{name}")
        for name, record in records.items()
    }


def _subscription(*, retry: object, dead_letter: object, **rest: Any) -> Subscription:  # noqa: ANN401 - YAML
    return Subscription(
        retry=_record(Retry, retry, "retry"),
        dead_letter=_record(DeadLetter, dead_letter, "dead_letter"),
        **rest,
    )


def _record(make: Callable[..., Record], record: object, where: str) -> Record:
    try:
        return make(**_mapping(record, where))
    except TypeError as error:  # a field is missing or unknown; Python's message names it
        raise TopologyError(f"{where}: {str(error).partition(' ')[2]}") from error


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TopologyError(f"{where} is not a mapping")
    return value


def _check(topology: Topology) -> None:
    for function in topology.functions.values():
        if not function.source.is_file():
            raise TopologyError(f"functions.{function.name}: there is no {function.source}")
        for topic in function.publishes:
            _known(topic, topology.topics, f"functions.{function.name}")
    for route in topology.routes:
        _known(route.function, topology.functions, f"the route {route.path}")
    for subscription in topology.subscriptions.values():
        where = f"subscriptions.{subscription.name}"
        _known(subscription.function, topology.functions, where)
        _known(subscription.topic, topology.topics, where)
        _known(subscription.dead_letter.topic, topology.topics, where)
    for schedule in topology.schedules.values():
        _known(schedule.function, topology.functions, f"schedules.{schedule.name}")


def _known(name: str, known: Mapping[str, object], where: str) -> None:
    if name not in known:
        raise TopologyError(f"{where} names {name}, which is not declared (there are: {', '.join(known)})")
