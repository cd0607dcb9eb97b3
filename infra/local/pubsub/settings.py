"""Configurations of topics and subscriptions: production's defaults and bounds.

Sources: the comments of google/pubsub/v1/pubsub.proto,
https://cloud.google.com/pubsub/docs/subscription-properties
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message as ProtoMessage

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.pubsub.filters import parse
from infra.local.pubsub.labels import check_labels
from infra.local.pubsub.names import check_name
from infra.local.status_errors import InvalidArgument, Unimplemented

_UNSUPPORTED_TOPIC_FIELDS = (
    "ingestion_data_source_settings",
    "kms_key_name",
    "message_storage_policy",
    "message_transforms",
    "tags",
)
_UNSUPPORTED_SUBSCRIPTION_FIELDS = (
    "bigquery_config",
    "bigtable_config",
    "cloud_storage_config",
    "enable_exactly_once_delivery",
    "message_transforms",
    "tags",
)
# Fields that only the server sets; in requests, they are ignored.
OUTPUT_ONLY = ("analytics_hub_subscription_info", "detached", "topic_message_retention_duration")
_UNSUPPORTED_PUSH_FIELDS = ("no_wrapper",)
_PUSH_VERSION = "v1"  # the only version here; it is filled in if a configuration does not name it

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_MIN_ACK_DEADLINE = 10  # and the default
MAX_ACK_DEADLINE = 600
_DEFAULT_MAX_DELIVERY_ATTEMPTS = 5


def complete_topic(config: pb.Topic) -> None:
    """Check a topic's configuration and fill in what production fills in.

    Raises:
        InvalidArgument: a value is out of bounds.
        Unimplemented: a field or value is not supported by this emulator.
    """
    _reject("Topic", config, _UNSUPPORTED_TOPIC_FIELDS)
    check_labels(config.labels)
    if config.HasField("message_retention_duration"):
        _check_duration(
            "message_retention_duration", config.message_retention_duration, 10 * _MINUTE, 31 * _DAY
        )
    config.state = pb.Topic.State.ACTIVE


def complete_subscription(config: pb.Subscription) -> None:
    """Check a subscription's configuration and fill in production's defaults.

    Raises:
        InvalidArgument: a value is out of bounds.
        Unimplemented: a field or value is not supported by this emulator.
    """
    _reject("Subscription", config, _UNSUPPORTED_SUBSCRIPTION_FIELDS)
    check_labels(config.labels)
    parse(config.filter)
    _check_push_config(config.push_config)
    config.push_config.SetInParent()  # always present, empty for pull
    if config.push_config.push_endpoint:
        config.push_config.attributes["x-goog-version"] = _PUSH_VERSION
    if config.ack_deadline_seconds == 0:
        config.ack_deadline_seconds = _MIN_ACK_DEADLINE
    check_ack_deadline("ack_deadline_seconds", config.ack_deadline_seconds)
    _complete_durations(config)
    if config.HasField("dead_letter_policy"):
        _complete_dead_letter_policy(config.dead_letter_policy)
    if config.HasField("retry_policy"):
        _complete_retry_policy(config.retry_policy)
    config.state = pb.Subscription.State.ACTIVE


def check_ack_deadline(name: str, seconds: int) -> None:
    """Check that an ack deadline is within bounds; raise InvalidArgument with the field's name."""
    if not _MIN_ACK_DEADLINE <= seconds <= MAX_ACK_DEADLINE:
        raise InvalidArgument(
            f"Invalid {name} given ({name}={seconds}): "
            f"it must be from {_MIN_ACK_DEADLINE} to {MAX_ACK_DEADLINE}."
        )


def _check_push_config(config: pb.PushConfig) -> None:
    """Check a push configuration.

    Raises:
        InvalidArgument: the endpoint is not an HTTP URL (production requires HTTPS, a local stack uses HTTP).
        Unimplemented: a field or value is not supported by this emulator.
    """
    _reject("PushConfig", config, _UNSUPPORTED_PUSH_FIELDS)
    if config.push_endpoint and not _is_http_url(config.push_endpoint):
        raise InvalidArgument(f"Invalid push endpoint given (endpoint={config.push_endpoint}).")
    for key, value in config.attributes.items():
        if (key, value) != ("x-goog-version", _PUSH_VERSION):
            raise Unimplemented(f"PushConfig.attributes[{key!r}] = {value!r}")


def _is_http_url(text: str) -> bool:
    try:
        port = urlsplit(text).port
    except ValueError:  # the port is not a number or above 65535, or an IPv6 address is incomplete
        return False
    return port != 0 and re.fullmatch(r"https?://[^/\s]\S*", text) is not None


def _complete_durations(config: pb.Subscription) -> None:
    if not config.HasField("message_retention_duration"):
        config.message_retention_duration.FromTimedelta(7 * _DAY)
    _check_duration("message_retention_duration", config.message_retention_duration, 10 * _MINUTE, 31 * _DAY)
    if not config.HasField("expiration_policy"):
        config.expiration_policy.ttl.FromTimedelta(31 * _DAY)
    if config.expiration_policy.HasField("ttl"):  # with an empty policy, it never expires
        _check_duration("expiration_policy.ttl", config.expiration_policy.ttl, _DAY, None)


def _complete_dead_letter_policy(policy: pb.DeadLetterPolicy) -> None:
    check_name(policy.dead_letter_topic, "topics")
    if policy.max_delivery_attempts == 0:
        policy.max_delivery_attempts = _DEFAULT_MAX_DELIVERY_ATTEMPTS
    if not 5 <= policy.max_delivery_attempts <= 100:  # noqa: PLR2004 - the bounds are the proto's
        raise InvalidArgument(
            "Invalid dead_letter_policy.max_delivery_attempts given "
            f"(max_delivery_attempts={policy.max_delivery_attempts}): it must be from 5 to 100."
        )


def _complete_retry_policy(policy: pb.RetryPolicy) -> None:
    if not policy.HasField("minimum_backoff"):
        policy.minimum_backoff.FromSeconds(10)
    if not policy.HasField("maximum_backoff"):
        policy.maximum_backoff.FromSeconds(600)
    for name in ("minimum_backoff", "maximum_backoff"):
        _check_duration(f"retry_policy.{name}", getattr(policy, name), timedelta(0), 10 * _MINUTE)
    if policy.minimum_backoff.ToTimedelta() > policy.maximum_backoff.ToTimedelta():
        raise InvalidArgument("retry_policy.minimum_backoff must not be longer than its maximum_backoff.")


def _reject(kind: str, config: ProtoMessage, unsupported: Iterable[str]) -> None:
    present = {field.name for field, _ in config.ListFields()}
    for name in unsupported:
        if name in present:
            raise Unimplemented(f"{kind}.{name}")


def _check_duration(name: str, duration: Duration, minimum: timedelta, maximum: timedelta | None) -> None:
    try:
        value = duration.ToTimedelta()
    except (ValueError, OverflowError) as error:
        raise InvalidArgument(f"Invalid {name} given: {error}") from error
    if value < minimum or (maximum is not None and value > maximum):
        raise InvalidArgument(f"Invalid {name} given ({duration.ToJsonString()}).")
