"""Parsing of command lines, with errors in one line."""

import argparse
import re
from pathlib import Path
from typing import NoReturn

_LAST_PORT = 65535
# Line breaks and others. `str.isprintable` would also reject spaces that do not break, and joined emoji.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def printable(text: str) -> str:
    """Return an argument that is sent to a service; reject control characters, and what is not UTF-8.

    Python escapes bytes that are not UTF-8 as surrogates.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from error
    if _CONTROLS.search(text):
        raise argparse.ArgumentTypeError(f"{text!r} has control characters")
    return text


def given(text: str) -> str:
    """Return an argument that is sent to a service; reject it if it is blank, or as `printable` does."""
    return _not_blank(printable(text))


def folder(text: str) -> Path:
    """Return a folder; reject a blank one, which `Path` would take for the current folder."""
    return Path(_not_blank(text))


def _not_blank(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def port(text: str) -> int:
    """Return a port to listen on; 0 means any free port."""
    if not _is_number(text) or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port, which is from 0 to {_LAST_PORT}")
    return int(text)


def count(text: str) -> int:
    """Return a whole number; reject it if it is not at least 1."""
    if not _is_number(text) or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a positive whole number")
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, with a reference to the help."""

    speaker = "muster"

    def error(self, message: str) -> NoReturn:
        """End the command with the error."""
        self.exit(2, f"{self.speaker}: {message} (see {self.prog} --help)\n")
