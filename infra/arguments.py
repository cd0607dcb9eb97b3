"""The command lines of the project's commands: what is wrong with one is told in one line."""

import argparse
from typing import NoReturn

_LAST_PORT = 65535


def given(text: str) -> str:
    """Take an argument that says something."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def port(text: str) -> int:
    """Take a port to listen on; 0 is any."""
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port, which is from 0 to {_LAST_PORT}")
    return int(text)


class Parser(argparse.ArgumentParser):
    """A parser that tells of a fault in one line, and where to read more."""

    speaker = "muster"

    def error(self, message: str) -> NoReturn:
        """End the command with what is wrong."""
        self.exit(2, f"{self.speaker}: {message} (see {self.prog} --help)\n")
