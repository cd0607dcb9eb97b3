"""Links of responses: the operations that accept a value of the response."""

from collections.abc import Iterable, Sequence

from infra.openapi.schemas import Json
from shared.edge.machine_view import MachineView, RegisteredMachineView
from shared.edge.pool_view import PoolView
from shared.edge.resource import Operation

_IDS = {RegisteredMachineView: "machine_id", MachineView: "machine_id", PoolView: "pool_id"}


def links(operation: Operation, operations: Sequence[Operation]) -> dict[int, Json]:
    """Return the links of an operation's responses by status."""
    if operation.method == "GET":
        return {200: _next_page(operation)} if _has_tokens(operation) else {}
    created = operation.success.get(201)
    name = _IDS.get(created) if created is not None else None
    return {} if name is None else {201: dict(_to_resource(name, operations))}


def _to_resource(name: str, operations: Iterable[Operation]) -> Iterable[tuple[str, Json]]:
    """Yield a link to each operation on the created resource."""
    for operation in operations:
        if f"{{{name}}}" in operation.path:
            yield (
                operation.name,
                {"operationId": operation.name, "parameters": {name: "$response.body#/id"}},
            )


def _has_tokens(operation: Operation) -> bool:
    return operation.query is not None and "page_token" in operation.query.model_fields


def _next_page(operation: Operation) -> Json:
    token = "$response.body#/pagination/next_page_token"  # noqa: S105 - its location in the response
    return {"next_page": {"operationId": operation.name, "parameters": {"page_token": token}}}
