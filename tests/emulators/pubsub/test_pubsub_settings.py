"""Every setting of the API is kept, rejected by name, or has no meaning in clients' requests."""

import pytest
from google.api_core.exceptions import InvalidArgument, MethodNotImplemented, NotFound
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.types import PushConfig, Subscription, Topic

ENDPOINT = "http://127.0.0.1:9/nobody"
DEAD_LETTERS = "projects/settings/topics/dead"
KEPT_TOPIC_SETTINGS = {"labels": {"a": "b"}, "message_retention_duration": {"seconds": 3600}}
REJECTED_TOPIC_SETTINGS = {
    "ingestion_data_source_settings": {"aws_kinesis": {}},
    "kms_key_name": "key",
    "message_storage_policy": {"allowed_persistence_regions": ["r"]},
    "message_transforms": [{"javascript_udf": {"function_name": "f"}}],
    "tags": {"1/2": "3"},
}
KEPT_SUBSCRIPTION_SETTINGS = {
    "ack_deadline_seconds": 20,
    "dead_letter_policy": {"dead_letter_topic": DEAD_LETTERS, "max_delivery_attempts": 7},
    "enable_message_ordering": True,
    "expiration_policy": {"ttl": {"seconds": 172_800}},
    "filter": "attributes:a",
    "labels": {"a": "b"},
    "message_retention_duration": {"seconds": 3600},
    "push_config": {"push_endpoint": ENDPOINT, "attributes": {"x-goog-version": "v1"}},
    "retain_acked_messages": True,
    "retry_policy": {"minimum_backoff": {"seconds": 1}, "maximum_backoff": {"seconds": 2}},
}
REJECTED_SUBSCRIPTION_SETTINGS = {
    "bigquery_config": {"table": "p.d.t"},
    "bigtable_config": {"table": "t"},
    "cloud_storage_config": {"bucket": "b"},
    "enable_exactly_once_delivery": True,
    "message_transforms": [{"javascript_udf": {"function_name": "f"}}],
    "tags": {"1/2": "3"},
}
IMMUTABLE = {"tags"}
OUTPUT_ONLY_SUBSCRIPTION_SETTINGS = {
    "analytics_hub_subscription_info": {"listing": "l"},
    "detached": True,
    "topic_message_retention_duration": {"seconds": 3600},
}
KEPT_PUSH_SETTINGS = {
    "attributes": {"x-goog-version": "v1"},
    "oidc_token": {"service_account_email": "push@example.com"},
    "pubsub_wrapper": {},
}
REJECTED_PUSH_SETTINGS = {"no_wrapper": {"write_metadata": True}}


@pytest.fixture(scope="module")
def dead_letters(publisher: PublisherClient) -> None:
    publisher.create_topic(name=DEAD_LETTERS)


def test_there_is_no_other_setting() -> None:
    """Each new setting in Google's client library needs a decision."""
    topic = {
        "name",
        "schema_settings",
        "state",
        "satisfies_pzs",
        *KEPT_TOPIC_SETTINGS,
        *REJECTED_TOPIC_SETTINGS,
    }
    subscription = {"name", "topic", "state", *KEPT_SUBSCRIPTION_SETTINGS, *REJECTED_SUBSCRIPTION_SETTINGS}
    push = {"push_endpoint", *KEPT_PUSH_SETTINGS, *REJECTED_PUSH_SETTINGS}
    assert set(Topic.meta.fields) == topic
    assert set(Subscription.meta.fields) == subscription | set(OUTPUT_ONLY_SUBSCRIPTION_SETTINGS)
    assert set(PushConfig.meta.fields) == push


@pytest.mark.parametrize("name", KEPT_TOPIC_SETTINGS)
def test_a_topics_setting_is_kept(name: str, publisher: PublisherClient, project: str) -> None:
    wanted = Topic({"name": f"{project}/topics/some", name: KEPT_TOPIC_SETTINGS[name]})
    publisher.create_topic(request=wanted)
    assert getattr(publisher.get_topic(topic=wanted.name), name) == getattr(wanted, name)


@pytest.mark.parametrize("name", REJECTED_TOPIC_SETTINGS)
def test_a_topics_setting_is_rejected(name: str, publisher: PublisherClient, project: str) -> None:
    with pytest.raises(MethodNotImplemented, match=rf"Topic\.{name}"):
        publisher.create_topic(
            request={"name": f"{project}/topics/some", name: REJECTED_TOPIC_SETTINGS[name]}
        )


@pytest.mark.parametrize("name", REJECTED_TOPIC_SETTINGS)
def test_a_topics_setting_is_rejected_in_an_update(name: str, publisher: PublisherClient, topic: str) -> None:
    before, mask = publisher.get_topic(topic=topic), {"paths": [name]}
    update = {"name": topic, name: REJECTED_TOPIC_SETTINGS[name]}
    with pytest.raises(InvalidArgument if name in IMMUTABLE else MethodNotImplemented, match=name):
        publisher.update_topic(request={"topic": update, "update_mask": mask})
    if name not in IMMUTABLE:
        assert publisher.update_topic(request={"topic": {"name": topic}, "update_mask": mask}) == before
    assert publisher.get_topic(topic=topic) == before


@pytest.mark.usefixtures("dead_letters")
@pytest.mark.parametrize("name", KEPT_SUBSCRIPTION_SETTINGS)
def test_a_subscriptions_setting_is_kept(
    name: str, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    settings = {name: KEPT_SUBSCRIPTION_SETTINGS[name]}
    wanted = Subscription({"name": f"{project}/subscriptions/some", "topic": topic, **settings})
    subscriber.create_subscription(request=wanted)
    assert getattr(subscriber.get_subscription(subscription=wanted.name), name) == getattr(wanted, name)


@pytest.mark.parametrize("name", REJECTED_SUBSCRIPTION_SETTINGS)
def test_a_subscriptions_setting_is_rejected(
    name: str, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    request = {
        "name": f"{project}/subscriptions/some",
        "topic": topic,
        name: REJECTED_SUBSCRIPTION_SETTINGS[name],
    }
    with pytest.raises(MethodNotImplemented, match=rf"Subscription\.{name}"):
        subscriber.create_subscription(request=request)
    with pytest.raises(NotFound):
        subscriber.get_subscription(subscription=request["name"])


@pytest.mark.parametrize("name", REJECTED_SUBSCRIPTION_SETTINGS)
def test_a_subscriptions_setting_is_rejected_in_an_update(
    name: str, subscriber: SubscriberClient, subscription: str
) -> None:
    before, mask = subscriber.get_subscription(subscription=subscription), {"paths": [name]}
    update = {"name": subscription, name: REJECTED_SUBSCRIPTION_SETTINGS[name]}
    with pytest.raises(InvalidArgument if name in IMMUTABLE else MethodNotImplemented, match=name):
        subscriber.update_subscription(request={"subscription": update, "update_mask": mask})
    if name not in IMMUTABLE:
        unset = {"name": subscription}
        assert subscriber.update_subscription(request={"subscription": unset, "update_mask": mask}) == before
    assert subscriber.get_subscription(subscription=subscription) == before


@pytest.mark.parametrize("name", OUTPUT_ONLY_SUBSCRIPTION_SETTINGS)
def test_output_only_fields_of_a_subscription_cannot_be_set(
    name: str, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    settings = {name: OUTPUT_ONLY_SUBSCRIPTION_SETTINGS[name]}
    plain = Subscription({"name": f"{project}/subscriptions/some", "topic": topic})
    subscriber.create_subscription(request=Subscription({"name": plain.name, "topic": topic, **settings}))
    assert getattr(subscriber.get_subscription(subscription=plain.name), name) == getattr(plain, name)


@pytest.mark.parametrize("name", [*KEPT_PUSH_SETTINGS, *REJECTED_PUSH_SETTINGS])
def test_a_push_setting_is_kept_or_rejected(
    name: str, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    push = {"push_endpoint": ENDPOINT, name: {**KEPT_PUSH_SETTINGS, **REJECTED_PUSH_SETTINGS}[name]}
    wanted = Subscription({"name": f"{project}/subscriptions/some", "topic": topic, "push_config": push})
    if name in REJECTED_PUSH_SETTINGS:
        with pytest.raises(MethodNotImplemented, match=rf"PushConfig\.{name}"):
            subscriber.create_subscription(request=wanted)
    else:
        subscriber.create_subscription(request=wanted)
        shown = subscriber.get_subscription(subscription=wanted.name).push_config
        assert getattr(shown, name) == getattr(wanted.push_config, name)
