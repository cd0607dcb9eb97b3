"""Errors as problems."""

import json

from shared.domain.errors import Fault, Invalid
from shared.edge.problems import Family, Problems


def test_a_message_with_braces_is_shown_as_it_is() -> None:
    error = Invalid([Fault(("query", "label"), "label_key", "{a} and {0} are no keys, nor is {")])

    response = Problems("https://api.example.com/errors").response(
        error, instance="/api/v1/machines", family=Family.MACHINES, request_id="request-1"
    )

    [fault] = json.loads(bytes(response.body))["invalid_fields"]
    assert fault == {"field": "label", "reason": "{a} and {0} are no keys, nor is {"}
