"""Times from machines' ids, and ranges of ids from times."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.bootstrap import new_id, now
from shared.domain import machine_ids

LAST = 253_402_300_799_999  # the last millisecond of the year 9999
times = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


def test_an_id_contains_the_time_when_it_was_made() -> None:
    assert abs(now() - machine_ids.created_at(new_id()).ToDatetime(UTC)) < timedelta(minutes=1)
    # RFC 9562, appendix A.6
    assert datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC) == machine_ids.created_at(
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    ).ToDatetime(UTC)


def test_many_ids_of_a_millisecond_do_not_run_ahead_of_the_clock() -> None:
    """Otherwise, who sends a thousand requests a second dates the machines of all organizations forward."""
    ids = [new_id() for _ in range(10_000)]
    latest = max(machine_ids.created_at(machine_id).ToDatetime(UTC) for machine_id in ids)
    assert latest <= now()
    assert len(set(ids)) == len(ids)


def test_ids_of_one_process_are_in_the_order_of_their_making() -> None:
    ids = [new_id() for _ in range(100)]
    assert ids == sorted(ids)
    assert {(made.version, made.variant) for made in map(UUID, ids)} == {(7, RFC_4122)}


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
