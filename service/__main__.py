"""`python -m service keys …`: make, list and revoke API keys."""

import argparse
import os
import sys
from pathlib import Path

from artifacts.terminal import escape_unprintable
from service.http.keys import KeysFileError, Scope, create_key, read_keys, revoke_key

FAILURE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; answer the exit code, 0 or 2."""
    escape_unprintable()
    options = _parser().parse_args(arguments)
    if options.file is None:
        print("name the keys file: --file, or API_KEYS_FILE", file=sys.stderr)
        return FAILURE
    try:
        options.run(options)
    except KeysFileError as error:
        print(error, file=sys.stderr)
        return FAILURE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description="Look after the service's API keys.")
    keys = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "keys", help="API keys", description="Make, list and revoke API keys. A running service follows within seconds."
    )
    _add_file(keys, default=os.environ.get("API_KEYS_FILE") or None)
    after = argparse.ArgumentParser(add_help=False)
    _add_file(after, default=argparse.SUPPRESS)  # another default would hide what was named before the action
    actions = keys.add_subparsers(required=True, metavar="ACTION")

    create = actions.add_parser("create", parents=[after], help="make a key and print it, once")
    create.add_argument("--name", required=True, help="who it is for")
    create.add_argument(
        "--scope", required=True, action="append", choices=[*Scope], type=Scope, help="what for; repeatable"
    )
    create.set_defaults(run=_create)

    actions.add_parser("list", parents=[after], help="show names and scopes").set_defaults(run=_list)

    revoke = actions.add_parser("revoke", parents=[after], help="remove a key")
    revoke.add_argument("--name", required=True)
    revoke.set_defaults(run=_revoke)
    return parser


def _add_file(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument("--file", type=Path, default=default, help="default: API_KEYS_FILE")


def _create(options: argparse.Namespace) -> None:
    print(create_key(options.file, options.name, frozenset(options.scope)))
    print(f"kept as a hash in {options.file}; this is the only time it is shown", file=sys.stderr)


def _list(options: argparse.Namespace) -> None:
    for key in read_keys(options.file).keys:
        print(f"{key.name}\t{','.join(sorted(key.scopes))}\t{key.created:%Y-%m-%d}")


def _revoke(options: argparse.Namespace) -> None:
    revoke_key(options.file, options.name)


if __name__ == "__main__":
    sys.exit(main())
