"""What a test does without a program that it needs."""

import os
from typing import NoReturn

import pytest


def without(problem: str) -> NoReturn:
    """Skip the test; fail it where CI is set, for there everything has to be tested."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(problem)
