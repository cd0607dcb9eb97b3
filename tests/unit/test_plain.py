"""Plain values have the content of their message."""

from datetime import UTC

from hypothesis import given

from shared.domain.plain import plain, to_datetime
from shared.pb.inventory.v1.machine_pb2 import Machine
from tests.unit.messages import messages


@given(machine=messages(Machine))
def test_plain_values_make_the_message_again(machine: Machine) -> None:
    assert machine == Machine(**plain(machine))


@given(machine=messages(Machine))
def test_a_moment_is_the_time_to_microseconds(machine: Machine) -> None:
    assert machine.created_at.ToDatetime(UTC) == to_datetime(plain(machine.created_at))
