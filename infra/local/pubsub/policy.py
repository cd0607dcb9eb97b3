"""The delivery policy of a subscription, read once from its configuration.

Source: https://cloud.google.com/pubsub/docs/subscription-properties
"""

from dataclasses import dataclass

from google_apis.pubsub import pubsub_pb2 as pb

# https://cloud.google.com/pubsub/docs/push#push_backoff
_PUSH_MINIMUM_BACKOFF = 0.1
_PUSH_MAXIMUM_BACKOFF = 60.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How a subscription delivers messages. Durations are in seconds.

    Attributes:
        max_attempts: How many failed deliveries send a message to the dead letter topic; 0 without a topic.
    """

    ordered: bool
    retain_acked: bool
    retention: float
    ack_deadline: float
    minimum_backoff: float
    maximum_backoff: float
    max_attempts: int

    @classmethod
    def of(cls, config: pb.Subscription) -> "Policy":
        """Return the policy of a complete configuration, which includes defaults."""
        minimum, maximum = _backoff(config)
        return cls(
            ordered=config.enable_message_ordering,
            retain_acked=config.retain_acked_messages,
            retention=config.message_retention_duration.ToTimedelta().total_seconds(),
            ack_deadline=config.ack_deadline_seconds,
            minimum_backoff=minimum,
            maximum_backoff=maximum,
            max_attempts=config.dead_letter_policy.max_delivery_attempts,
        )

    def backoff(self, failures: int) -> float:
        """Return the delay before the next delivery of a message after a number of failures."""
        # A larger exponent could overflow the float, and does not matter: the maximum is reached before.
        return min(self.minimum_backoff * 2.0 ** min(failures - 1, 60), self.maximum_backoff)


def _backoff(config: pb.Subscription) -> tuple[float, float]:
    if config.HasField("retry_policy"):
        policy = config.retry_policy
        return (
            policy.minimum_backoff.ToTimedelta().total_seconds(),
            policy.maximum_backoff.ToTimedelta().total_seconds(),
        )
    if config.push_config.push_endpoint:
        return _PUSH_MINIMUM_BACKOFF, _PUSH_MAXIMUM_BACKOFF
    return 0.0, 0.0
