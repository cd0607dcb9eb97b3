"""The processes of a benchmark."""

from asyncio import timeout

from infra.local import topology
from tests.bench.served import emulators
from tests.google_clients import PubSub, firestore_client


async def test_the_emulators_have_the_topics_but_deliver_to_nobody() -> None:
    reports: list[str] = []

    async with timeout(20), emulators(lambda name, line: reports.append(f"{name}: {line}")) as backends:
        with firestore_client(backends.firestore, backends.project) as firestore:
            assert not list(firestore.collections())
        pubsub, project = PubSub(backends.pubsub), f"projects/{backends.project}"
        with pubsub.publisher() as publisher, pubsub.subscriber() as subscriber:
            topics = {topic.name for topic in publisher.list_topics(project=project)}
            subscriptions = list(subscriber.list_subscriptions(project=project))

    assert topics == {f"{project}/topics/{name}" for name in topology.load(topology.DEFAULT_FILE).topics}
    assert (subscriptions, reports) == ([], [])
