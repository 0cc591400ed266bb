"""The worker stands on gunicorn's insides: its parser, its WSGI environment, its answers."""

import gunicorn

from tests.support.paths import ROOT


def test_gunicorn_is_of_the_version_that_was_read() -> None:
    """Before another is allowed: do service/connections and gunicorn's http and workers.base still fit together?"""
    assert gunicorn.version_info[:2] == (27, 0)
    assert '"gunicorn>=27.0.1,<27.1"' in (ROOT / "pyproject.toml").read_text()
