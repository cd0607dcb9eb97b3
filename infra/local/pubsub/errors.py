"""Errors with the name of a topic, subscription or schema, in production's words."""

from infra.local.status_errors import AlreadyExists, NotFound


class ResourceNotFound(NotFound):
    """A resource in the request does not exist."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Resource not found (resource={name.rpartition('/')[2]}).")


class ResourceExists(AlreadyExists):
    """The resource to create already exists."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
