"""Request bodies about pools and memberships."""

from typing import Annotated

from pydantic import Field

from shared.domain import pools
from shared.edge.parameters import ClearableParameters, Parameters
from shared.edge.sensitive_parameters import SensitiveParameters
from shared.edge.validation import NOT_SENT, MaxLength, Strict, UuidText
from shared.pb.inventory.v1.pool_pb2 import Pool

Name = Annotated[str, Field(min_length=1, max_length=255)]


class _Content(Strict):
    def pool(self) -> Pool:
        """Return the pool's message, with the fields that were sent and are not null."""
        return Pool(**self.model_dump(exclude_unset=True, exclude={"pool_sensitive_parameters"}))


class PoolCreation(_Content):
    """A new pool."""

    name: Name
    description: str | None = None
    pool_parameters: Parameters | None = None
    pool_sensitive_parameters: SensitiveParameters = None


class PoolPatch(_Content):
    """The fields to change. Fields that are not sent stay.

    Null clears a field, but not the name. `{}` clears the parameters.
    """

    name: Name = NOT_SENT
    description: str | None = NOT_SENT
    pool_parameters: ClearableParameters | None = NOT_SENT
    pool_sensitive_parameters: SensitiveParameters = NOT_SENT

    def fields(self) -> set[str]:
        """Return the names of the fields to change."""
        return self.model_fields_set - {"pool_sensitive_parameters"}


class MachineAssignment(Strict):
    """Machines to add to a pool or to remove from it. Repeated ids count once."""

    machine_ids: Annotated[list[UuidText], Field(min_length=1), MaxLength(100)]

    def positions(self) -> dict[str, int]:
        """Return the machines' ids without repeats, each with its first position in the request."""
        positions: dict[str, int] = {}
        for position, machine_id in enumerate(self.machine_ids):
            positions.setdefault(machine_id, position)
        return positions


class PoolAssignment(Strict):
    """All pools that the machine is to be in. It leaves all others."""

    pool_ids: Annotated[list[UuidText], MaxLength(pools.MAX_POOLS)]

    def ids(self) -> list[str]:
        """Return the pools' ids without repeats."""
        return list(dict.fromkeys(self.pool_ids))
