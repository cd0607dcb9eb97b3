"""Sensitive parameters, which the pools API has and this server rejects."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError


def _reject(value: Any) -> None:  # noqa: ANN401 - what a client sent
    if value is not None:
        raise PydanticCustomError(
            "sensitive_parameters",
            "Sensitive parameters are refused: there is no secret store that could keep them",
        )


# No secret is ever written to Firestore, an event or a log. Null is accepted, because it is not a secret.
SensitiveParameters = Annotated[
    None, BeforeValidator(_reject), Field(description="Only null, until there is a secret store")
]
