"""Times from machines' ids, and ranges of ids from times."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from uuid6 import uuid7

from shared.domain import machine_ids

LAST = 253_402_300_799_999  # the last millisecond of the year 9999
times = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


def test_an_id_contains_the_time_when_it_was_made() -> None:
    assert abs(datetime.now(UTC) - machine_ids.created_at(str(uuid7())).ToDatetime(UTC)) < timedelta(
        minutes=1
    )
    # RFC 9562, appendix A.6
    assert datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC) == machine_ids.created_at(
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    ).ToDatetime(UTC)


@given(st.integers(0, LAST), st.integers(0, 2**80 - 1), times)
def test_ids_are_within_the_bounds_of_just_the_times_that_they_are_of(
    milliseconds: int, rest: int, time: datetime
) -> None:
    digits = f"{milliseconds:012x}{rest:020x}"
    machine_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    since = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)

    assert since == machine_ids.created_at(machine_id).ToDatetime(UTC)
    assert (since >= time) == (machine_id >= machine_ids.first_since(time))
    assert (since <= time) == (machine_id <= machine_ids.last_until(time))


def test_times_before_1970_bound_nothing() -> None:
    before = datetime(1969, 12, 31, tzinfo=UTC)

    assert machine_ids.first_since(before) == "00000000-0000-0000-0000-000000000000"
    assert machine_ids.last_until(before) == "00000000-0000-0000-0000-000000000000"
