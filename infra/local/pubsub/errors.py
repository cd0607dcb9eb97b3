"""Refusals that name a topic, subscription or schema, as production names it."""

from infra.local.refusals import AlreadyExists, NotFound


class ResourceNotFound(NotFound):
    """A resource that the request names is not there."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Resource not found (resource={name.rpartition('/')[2]}).")


class ResourceExists(AlreadyExists):
    """What the request would create is there."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
