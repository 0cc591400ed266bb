"""The configuration file: defaults, and every bad key reported at once."""

from pathlib import Path

import pytest

from tests.support.paths import ROOT
from training.config import load_config
from training.errors import ConfigError

EXAMPLES = ROOT / "examples"


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "shop.toml"
    file.write_text(text)
    return file


def complaint(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text), None)
    return str(caught.value)


def test_without_a_file_everything_has_a_default() -> None:
    config = load_config(None, "orders.csv")
    assert config.data.source == "orders.csv"
    assert config.columns.user is None
    assert (config.clean.min_events_per_user, config.clean.bots) == (1, True)
    assert config.events == {"purchase": 1.0, "cart": 0.3, "view": 0.1}
    assert (config.model.factors, config.model.half_life_days, config.model.alpha) == (64, 90.0, 4.0)
    assert (config.evaluation.test_days, config.evaluation.k) == (28, 10)


def test_a_file_sets_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    text = '[data]\nsource = "a.csv"\n[model]\nfactors = 16\nalpha = 2\n[events]\nsale = 2\nlook = 0.5\n'
    config = load_config(write(tmp_path, text), None)
    assert config.data.source == "a.csv"
    assert (config.model.factors, config.model.alpha, config.model.regularization) == (16, 2.0, 30.0)
    assert config.events == {"sale": 2.0, "look": 0.5}
    assert config.purchase_event == "sale"


def test_the_data_argument_goes_before_the_files_source(tmp_path: Path) -> None:
    file = write(tmp_path, '[data]\nsource = "a.csv"\ncatalogue = "items.csv"\n')
    data = load_config(file, "b.csv").data
    assert (data.source, data.catalogue) == ("b.csv", "items.csv")


def test_all_bad_keys_are_reported_together_by_name_and_value(tmp_path: Path) -> None:
    said = complaint(
        tmp_path,
        """
        [data]
        source = 7
        [model]
        factors = 0
        alpha = "high"
        weighting = "tf"
        half_life = 3
        [clean]
        cancelled_basket = "("
        product_item = "(?=x)"
        bots = 1
        [events]
        purchase = -1
        [evaluation]
        k = 10.5
        [gates]
        """,
    )
    assert str(tmp_path / "shop.toml") in said
    for line in (
        "data.source = 7: ",
        "model.factors = 0: ",
        "model.alpha = 'high': ",
        "model.weighting = 'tf': ",
        "model.half_life = 3: unknown key; did you mean 'half_life_days'?",
        "clean.cancelled_basket = '(': is no regular expression",
        "clean.product_item = '(?=x)': is no regular expression",
        "clean.bots = 1: ",
        "events.purchase = -1: ",
        "evaluation.k = 10.5: ",
        "gates = {}: unknown key; did you mean 'gate'?",
    ):
        assert f"\n  {line}" in said


def test_a_key_unlike_any_other_is_answered_with_what_there_is(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[evaluation]\nzzz = 1\n")
    assert "evaluation.zzz = 1: unknown key; known are test_days, k" in said


def test_a_section_that_is_none_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, 'data = "orders.csv"\n')
    with pytest.raises(ConfigError, match=r"data = 'orders\.csv'"):
        load_config(file, "b.csv")


def test_events_that_all_weigh_nothing_are_refused(tmp_path: Path) -> None:
    assert "at least one weight above 0" in complaint(tmp_path, "[events]\nview = 0\n")
    assert "at least one weight above 0" in complaint(tmp_path, "[events]\n")


@pytest.mark.parametrize(
    ("events", "purchase"),
    [
        ("", "purchase"),
        ("view = 1\npurchase = 1\n", "purchase"),
        ("view = 1\npurchase = 0.2\n", "purchase"),
        ("view = 1\norder = 5\ncart = 2\n", "order"),
        ("view = 1\norder = 5\npurchase = 0\n", "order"),
    ],
)
def test_the_purchase_is_the_event_named_so_or_else_the_one_of_the_greatest_weight(
    tmp_path: Path, events: str, purchase: str
) -> None:
    file = write(tmp_path, f"[events]\n{events}" if events else "")
    assert load_config(file, None).purchase_event == purchase


def test_two_events_of_the_greatest_weight_are_refused_by_name(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[events]\nlook = 1\norder = 1\ncart = 0.5\n")
    assert "events: 'look' and 'order' have the greatest weight, 1.0, and only one of them is the purchase" in said


def test_a_syntax_error_is_named_with_its_line(tmp_path: Path) -> None:
    assert "line 2" in complaint(tmp_path, "[model]\nfactors = = 3\n")


def test_a_file_that_is_no_text_or_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    with pytest.raises(ConfigError, match=r"shop\.toml: cannot be read: No such file"):
        load_config(file, None)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"shop\.toml: is no TOML"):
        load_config(file, None)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.name)
def test_the_examples_load(file: Path) -> None:
    assert load_config(file, None).columns.item


def test_what_is_written_down_has_no_passwords(tmp_path: Path) -> None:
    file = write(tmp_path, '[data]\nquery = "select 1"\ncatalogue = "https://host/items.csv?signature=secret"\n')
    public = load_config(file, "postgresql://me:secret@host/shop").public()
    assert {key: value for key, value in public["data"].items() if value not in (None, True)} == {
        "source": "postgresql://me:***@host/shop",
        "query": "select 1",
        "catalogue": "https://host/items.csv",
    }
    assert public["model"]["factors"] == 64


def test_a_configuration_cannot_be_changed() -> None:
    config = load_config(None, None)
    with pytest.raises(ValueError, match="frozen"):
        config.model.factors = 3  # type: ignore[misc]  # what is refused, here and by mypy


def test_a_layout_is_read_with_its_defaults(tmp_path: Path) -> None:
    data = load_config(None, "orders.csv").data
    assert (data.format, data.separator, data.decimal, data.encoding, data.time_format) == (None,) * 5
    assert (data.header, data.names) == (True, None)
    text = (
        '[data]\nformat = "csv"\nseparator = "::"\ndecimal = ","\nencoding = "Latin1"\nheader = false\n'
        'names = ["user", "item"]\ntime_format = "%d.%m.%Y"\n'
    )
    data = load_config(write(tmp_path, text), None).data
    assert (data.format, data.separator, data.decimal, data.encoding) == ("csv", "::", ",", "iso8859-1")
    assert (data.header, data.names, data.time_format) == (False, ("user", "item"), "%d.%m.%Y")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('format = "xml"', "data.format = 'xml': input should be 'csv', 'json', 'parquet' or 'excel'"),
        ('separator = ""', "data.separator = '': "),
        ('decimal = ";"', "data.decimal = ';': input should be '.' or ','"),
        ('encoding = "utf-9"', "data.encoding = 'utf-9': is no encoding that is known"),
        ("header = false", "names is for header = false, which needs it"),
        ('names = ["user"]', "names is for header = false, which needs it"),
        ('header = false\nnames = ["user", "user"]', "each column needs a name of its own"),
        ('time_format = "iso"', "is neither a pattern such as %d.%m.%Y nor one of day_first, month_first"),
        ('time_format = "%H:%M"', "is no pattern"),
        ('time_format = "%Q"', "is no pattern"),
        ('time_format = "%Y-%m-%d %H"', "is no pattern"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(tmp_path: Path, line: str, said: str) -> None:
    assert said in complaint(tmp_path, f"[data]\n{line}\n")


@pytest.mark.parametrize("pattern", ["%Y%m%d", "%d.%m.%y", "%b %d, %Y", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %H:%M %z"])
def test_patterns_that_tell_a_date_are_formats(tmp_path: Path, pattern: str) -> None:
    file = write(tmp_path, f'[data]\ntime_format = "{pattern}"\n')
    assert load_config(file, None).data.time_format == pattern
