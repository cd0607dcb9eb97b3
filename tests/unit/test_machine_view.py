"""A machine is shown the same alone and in a list, as a message and as it is stored."""

from datetime import UTC

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from shared.domain.plain import moment, plain
from shared.edge.machine_view import MachineView, machine_json
from shared.pb.inventory.v1.machine_pb2 import Machine, MachineStatus
from shared.store.codec import decode_plain, encode
from shared.store.wire import Document
from tests.unit.messages import messages

STATUSES = [number for number in MachineStatus.values() if number]
PARAMETERS = st.dictionaries(st.text(max_size=3), st.floats() | st.integers(-(2**63), 2**63 - 1) | st.none())
unhurried = settings(deadline=None)


@unhurried
@given(
    machine=messages(Machine),
    machine_id=st.uuids().map(str),
    status=st.sampled_from(STATUSES),
    parameters=st.none() | PARAMETERS.map(to_json).map(bytes.decode),
)
def test_a_list_shows_a_machine_as_its_view_does(
    machine: Machine, machine_id: str, status: MachineStatus, parameters: str | None
) -> None:
    machine.id = machine_id
    machine.status = status
    machine.ClearField("machine_parameters")
    machine.ClearField("reserved_session_id")
    if parameters is not None:
        machine.machine_parameters = parameters
    stored = Document.FromString(Document(fields=encode(machine)).SerializeToString()).fields

    listed = to_json(machine_json(decode_plain(stored, Machine)), inf_nan_mode="null")

    assert MachineView.of(machine).model_dump_json().encode() == listed


@unhurried
@given(machine=messages(Machine))
def test_plain_values_make_the_message_again(machine: Machine) -> None:
    assert machine == Machine(**plain(machine))


@unhurried
@given(machine=messages(Machine))
def test_a_moment_is_the_time_to_microseconds(machine: Machine) -> None:
    assert machine.created_at.ToDatetime(UTC) == moment(plain(machine.created_at))
