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
    text = (ROOT / "infra" / "terraform" / file).read_text()
    block = re.search(rf"^resource {re.escape(resource)} \{{$.*?^\}}$", text, re.MULTILINE | re.DOTALL)

    assert block is not None
    assert "create_before_destroy = true" in block[0]
