"""What a key must allow beside the operation itself."""

from shared.domain.access import Scope
from shared.domain.errors import ScopeMissing
from shared.edge.resource import Call


def require_scope(call: Call, scope: Scope) -> None:
    """Hold back who asks to be shown what the key does not let them read.

    Raises:
        ScopeMissing: the key lacks the scope.
    """
    if scope not in call.caller.scopes:
        raise ScopeMissing(scope)
