"""Google's clients, connected to an emulator."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from google.cloud.firestore import Client
from google.cloud.pubsub_v1 import PublisherClient, SchemaServiceClient, SubscriberClient
from google.cloud.pubsub_v1.types import PublisherOptions


@contextmanager
def firestore_client(host: str, project: str) -> Iterator[Client]:
    """Create a client of a project in the Firestore emulator at a host, until the end of the block."""
    # Clients read the variable when they are created. Stacks that tests start must not inherit it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", host)
        client: Any = Client(project=project)
    yield client
    client.close()


@dataclass(frozen=True)
class PubSub:
    """The Pub/Sub emulator at a host."""

    host: str

    def publisher(self, *, ordered: bool = False) -> PublisherClient:
        with self._environment():
            return PublisherClient(publisher_options=PublisherOptions(enable_message_ordering=ordered))

    def subscriber(self) -> SubscriberClient:
        with self._environment():
            return SubscriberClient()

    def schemas(self) -> SchemaServiceClient:
        with self._environment():
            return SchemaServiceClient()

    def publish_in_order(self, topic: str, key: str, contents: Sequence[bytes]) -> None:
        """Publish messages with an ordering key."""
        with self.publisher(ordered=True) as publisher:
            for future in [publisher.publish(topic, content, ordering_key=key) for content in contents]:
                future.result()

    @contextmanager
    def _environment(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PUBSUB_EMULATOR_HOST", self.host)
            yield
