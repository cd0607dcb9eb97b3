"""Faults of command lines are one line."""

import pytest

from infra.arguments import Parser, count, given, port


def parser() -> Parser:
    made = Parser(prog="python -m example")
    made.add_argument("--rounds", type=count)
    made.add_argument("--project", type=given)
    made.add_argument("--port", type=port)
    return made


def test_a_count_is_at_least_one() -> None:
    assert parser().parse_args(["--rounds", "10"]).rounds == 10


@pytest.mark.parametrize("text", ["a\u00a0b", "\U0001f469\u200d\U0001f4bb"])
def test_an_argument_of_a_service_can_have_unusual_text(text: str) -> None:
    assert parser().parse_args(["--project", text]).project == text


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "", "\u00b2", "\u0663"])
def test_what_is_no_count_is_one_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args([f"--rounds={text}"])

    line = (
        f"muster: argument --rounds: {text} is not a positive whole number (see python -m example --help)\n"
    )
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize("text", ["", "-1", "65536", "http", "\u0663"])
def test_what_is_no_port_is_one_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args([f"--port={text}"])

    reason = f"{text} is no port, which is from 0 to 65535"
    line = f"muster: argument --port: {reason} (see python -m example --help)\n"
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\udcff", r"'\udcff' is not UTF-8"),
        (" ", "it is empty"),
        ("a\nb", r"'a\nb' has control characters"),
        ("a\u2028b", r"'a\u2028b' has control characters"),
    ],
)
def test_what_is_no_argument_of_a_service_is_one_line(
    text: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python reads bytes that are not UTF-8 as surrogates."""
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(["--project", text])

    line = f"muster: argument --project: {reason} (see python -m example --help)\n"
    assert capsys.readouterr() == ("", line)
