"""The order of changes, which Terraform's own tests cannot see: by default, Terraform deletes first."""

import re

import pytest

from infra import ROOT


@pytest.mark.parametrize(
    ("file", "resource"),
    [
        ("alerts.tf", '"google_monitoring_notification_channel" "email"'),
        ("alerts.tf", '"google_monitoring_uptime_check_config" "api"'),
        ("build.tf", '"google_storage_bucket_object" "archive"'),
        ("functions.tf", '"google_project_iam_member" "store"'),
        ("load_balancer.tf", '"google_compute_managed_ssl_certificate" "api"'),
        ("pubsub.tf", '"google_pubsub_schema" "message"'),
    ],
)
def test_what_others_refer_to_is_deleted_after_they_have_changed(file: str, resource: str) -> None:
    assert "create_before_destroy = true" in block(file, resource)


@pytest.mark.parametrize(
    ("file", "resource", "subscription"),
    [
        ("pubsub.tf", '"google_pubsub_subscription_iam_member" "dead_letters_taken"', "push"),
        ("audit.tf", '"google_pubsub_subscription_iam_member" "kept"', "kept"),
    ],
)
def test_the_role_on_a_subscription_is_given_again_after_it_is_replaced(
    file: str, resource: str, subscription: str
) -> None:
    """The new one has the same name, so Terraform would see no change, and dead letters would stop."""
    given = f"replace_triggered_by = [google_pubsub_subscription.{subscription}[each.key].id]"
    assert given in block(file, resource)


def block(file: str, resource: str) -> str:
    """Return a resource's block."""
    text = (ROOT / "infra" / "terraform" / file).read_text()
    found = re.search(rf"^resource {re.escape(resource)} \{{$.*?^\}}$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]
