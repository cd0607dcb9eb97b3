"""The fields of a profile, wherever they are named again."""

from functions.machines.profile import MachineProfile
from shared.domain.machines import PROFILE_FIELDS
from tests.functions.machines.bodies import a_full_body


def test_a_replacement_replaces_every_field_that_a_profile_can_have() -> None:
    """Without this, a PUT would keep a field that it leaves out, or append to an array."""
    settable = {field.serialization_alias or name for name, field in MachineProfile.model_fields.items()}

    assert settable == set(PROFILE_FIELDS)


def test_the_full_body_of_the_tests_has_every_field_that_a_profile_can_have() -> None:
    assert set(MachineProfile.model_fields) == set(a_full_body())
