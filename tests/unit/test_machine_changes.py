"""Changes of machines, and their lists of the fields that differ."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain import machines
from shared.domain.access import Caller
from shared.domain.machine_change import changed_fields
from shared.pb.inventory.v1.machine_pb2 import Machine, MachineStatus
from tests.unit.messages import messages

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAST_VERSION = 2**63 - 1  # it has no successor
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.none() | st.sampled_from(["", "a", "b"]),
        "machine_parameters": st.none() | st.just("{}"),
        "status": st.sampled_from(MachineStatus.values()),
        "is_available": st.booleans(),
        "last_seen": st.sampled_from([NOW, NOW.replace(year=2030)]),
    },
)


@given(before=messages(Machine), changes=CHANGES)
def test_an_update_names_all_fields_that_it_changes(before: Machine, changes: dict[str, object]) -> None:
    assume(before.version < LAST_VERSION)
    before.last_seen.FromDatetime(NOW)
    change = machines.update(before, changes, now=NOW)

    assert changed_fields(change.before, change.after) == list(change.fields)
    assert change.makes_version == (list(change.fields) not in ([], ["last_seen"]))


@given(before=messages(Machine), profile=messages(Machine))
def test_a_replacement_names_all_fields_that_it_changes(before: Machine, profile: Machine) -> None:
    assume(before.version < LAST_VERSION)
    profile.version = before.version
    change = machines.replace(before, profile, now=NOW)

    assert changed_fields(change.before, change.after) == list(change.fields)
    assert change.makes_version == bool(change.fields)


@given(profile=messages(Machine))
def test_what_the_server_says_of_a_new_machine_no_profile_says(profile: Machine) -> None:
    caller = Caller("organization", "key", frozenset())
    machine_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

    machine = machines.register(profile, machine_id=machine_id, caller=caller)

    assert (machine.id, machine.organization_id, machine.version) == (machine_id, "organization", 1)
    assert machine.unkey_key_id == (profile.unkey_key_id or "key")
    assert machine.status == MachineStatus.MACHINE_STATUS_DISCONNECTED
    assert machine.is_available
    assert machine.alerts_enabled
    assert machine.created_at == machine.updated_at == machine.last_seen
    assert machine.created_at.ToDatetime(UTC) == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


def test_a_change_by_a_clock_that_is_behind_does_not_set_the_time_back() -> None:
    machine = Machine(version=1, name="a")
    machine.updated_at.FromDatetime(NOW)

    late = machines.update(machine, {"name": "b"}, now=NOW + timedelta(seconds=1)).after
    early = machines.update(late, {"name": "c"}, now=NOW - timedelta(seconds=1)).after

    assert [late.version, early.version] == [2, 3]
    assert late.updated_at.ToDatetime(UTC) == NOW + timedelta(seconds=1)
    assert early.updated_at == late.updated_at
