"""The TypeScript compiler and the generator of types, from the package registry."""

import shutil
import subprocess
from pathlib import Path

import pytest

from service.api.openapi import openapi_document
from tests.support.missing import without

PACKAGES = ("openapi-typescript@7", "typescript@5")
CHECKS = ("--strict", "--skipLibCheck", "--target", "es2022")
# As bundlers resolve modules, and as Node.js does, which runs no syntax that is more than types.
RESOLUTIONS = (
    ("--module", "es2022", "--moduleResolution", "bundler"),
    ("--module", "nodenext", "--erasableSyntaxOnly"),
)


def generate_types(directory: Path) -> None:
    """Put the compiler into a directory, and `schema.ts`, generated from the OpenAPI document.

    Skips where there is no registry.
    """
    if shutil.which("npm") is None:
        without("Node.js with npm is not installed")
    (directory / "package.json").write_text('{"private": true, "type": "module"}')
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES]
    done = subprocess.run(install, cwd=directory, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install {', '.join(PACKAGES)}: {done.stderr.strip()[-200:]}")
    (directory / "openapi.json").write_bytes(openapi_document(secured=True))
    succeeds(directory, "node_modules/.bin/openapi-typescript", "openapi.json", "-o", "schema.ts")


def compile_strictly(directory: Path, *files: str, emit: bool = False) -> None:
    """Check files with all that the compiler can find fault with, and with `emit` write each as JavaScript."""
    output = () if emit else ("--noEmit",)
    for resolution in RESOLUTIONS:
        succeeds(directory, "node_modules/.bin/tsc", *CHECKS, *resolution, *output, *files)


def succeeds(directory: Path, *command: str) -> str:
    """The standard output of a command that has to succeed."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
