"""A training run's configuration: TOML in, one frozen value out, every bad key reported together."""

import codecs
import difflib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from artifacts.model.recipe import EVENT_WEIGHTS
from artifacts.shared_limits import MAX_LIMIT
from training.errors import ConfigError
from training.redaction import public_name, public_value


def _compiles(pattern: str) -> str:
    """Polars matches with Rust's engine, which has no look-around: only it can say whether a pattern works."""
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"is no regular expression: {' '.join(str(error).split())}") from error
    return pattern


def _decodes(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise ValueError("is no encoding that is known (utf-8, utf-16, windows-1252, latin-1, …)") from error


def _reads_dates(form: str) -> str:
    """A name of TIME_FORMATS, or a strptime pattern by which a date can be written and read again."""
    if form in TIME_FORMATS:
        return form
    if "%" not in form:
        raise ValueError(f"is neither a pattern such as %d.%m.%Y nor one of {', '.join(TIME_FORMATS)}")
    day = pl.Series([datetime(2001, 2, 3)]).dt.replace_time_zone("UTC")  # noqa: DTZ001
    try:
        again = day.dt.strftime(form).str.to_datetime(form, strict=False).dt.replace_time_zone("UTC")
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"is no pattern of a time: {' '.join(str(error).split())}") from error
    if again.dt.date().to_list() != day.dt.date().to_list():
        raise ValueError("is no pattern that tells year, month and day")
    return form


FileFormat = Literal["csv", "json", "parquet", "excel"]
TIME_FORMATS = (
    "day_first", "month_first", "year_first", "unix", "unix_ms", "unix_us", "unix_ns", "days", "excel",
)  # fmt: skip
OrdersPreset = Literal["shopify", "woocommerce", "magento"]
ProductsPreset = Literal["shopify", "woocommerce", "magento", "google"]
# Nobody's number or name, but an item may have it.
NOBODY = ("0", "-1", "guest", "gast", "anonymous", "unknown", "not logged in", "guest checkout", "guest user",
          "invité", "invitado", "ospite", "00000000-0000-0000-0000-000000000000")  # fmt: skip
MISSING = ("null", "(null)", "[null]", "<null>", r"\N", "nil", "none", "nan", "<na>", "na", "n/a", "n.a.", "#n/a",
           "nat", "undefined", "(not set)", "-", "--", *NOBODY)  # fmt: skip
Encoding = Annotated[str, AfterValidator(_decodes)]
TimeFormat = Annotated[str, AfterValidator(_reads_dates)]
Pattern = Annotated[str, AfterValidator(_compiles)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Weighting = Literal["binary", "count", "log", "bm25"]
RecipeName = Literal["auto", "blend", "ranker"]
PURCHASE = "purchase"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Layout(_Section):
    """How a source is written. What is None is found: `format` by a file's ending, `separator` and `encoding` by its
    content, `time_format` by all of its times.

    `header` = false: the first line is data, and the columns are `names`, from the left. `decimal` is the mark in
    prices and quantities. `time_format` is a strptime pattern or one of TIME_FORMATS.
    """

    format: FileFormat | None = None
    separator: str | None = Field(default=None, min_length=1)
    decimal: Literal[".", ","] | None = None
    encoding: Encoding | None = None
    header: bool = True
    names: tuple[str, ...] | None = Field(default=None, strict=False, min_length=1)
    time_format: TimeFormat | None = None

    @model_validator(mode="after")
    def _names_for_a_header(self) -> Self:
        if self.header == (self.names is not None):
            raise ValueError("names is for header = false, which needs it: the columns' names, from the left")
        if len(set(self.names or ())) != len(self.names or ()):
            raise ValueError("names: each column needs a name of its own")
        return self


class Data(Layout):
    """Where the rows are. `source`: a file, directory, glob, object store or database URL (`query` is for a database).

    `catalogue` is short for the [catalogue] section's `source`. `preset` names the shop system whose export of orders
    it is, which tells the columns.
    """

    source: str | None = Field(default=None, min_length=1)
    query: str | None = Field(default=None, min_length=1)
    catalogue: str | None = Field(default=None, min_length=1)
    preset: OrdersPreset | None = None


class ItemColumns(_Section):
    """The columns that tell of an item. None: by the preset, or found by its obvious names
    (`training.reading.columns.OBVIOUS`); "": not used."""

    item: str | None = None
    price: str | None = None
    title: str | None = None
    category: str | None = None
    image_url: str | None = None
    product_url: str | None = None
    available: str | None = None


class Columns(ItemColumns):
    """The shop's column names, as ItemColumns."""

    user: str | None = None
    time: str | None = None
    basket: str | None = None
    event: str | None = None
    quantity: str | None = None


class CatalogueSource(Layout):
    """A source of its own for titles, prices and availability; it may hold items never bought.

    `columns` are its own names; what is not named there may be in [columns].
    """

    source: str | None = Field(default=None, min_length=1)
    query: str | None = Field(default=None, min_length=1)
    preset: ProductsPreset | None = None
    columns: ItemColumns = ItemColumns()


class Clean(_Section):
    """What is dropped. `cancelled_basket` matches basket ids of cancellations, `product_item` item ids of products.

    `missing` are words that stand for nothing, in any case (`training.reading.missing` states where they count).
    `bots` drops users whose number of events is an outlier (`training.interactions.cleaning.bots` states the rule).
    """

    cancelled_basket: Pattern | None = None
    product_item: Pattern | None = None
    min_events_per_user: int = Field(default=1, ge=1)
    min_events_per_item: int = Field(default=1, ge=1)
    bots: bool = True
    missing: tuple[str, ...] = Field(default=MISSING, strict=False)


class WeightSettings(_Section):
    """What each part of a user's score counts for (`artifacts.model.recipe.Weights`): good where nobody tunes, found on
    three windows of a year of a gift shop's purchases."""

    als: Weight = 0.3
    newcomers: Weight = 1.1
    popular: Weight = 0.05
    trend: Weight = 0.0
    frequency: Weight = 0.7


class ModelSettings(_Section):
    """What is fitted. `recipe`: blend, or ranker, a learned one on top, both with `weights` as they are; or auto: the
    simpler one unless the other is measurably better, with weights that start from these.

    The rest is implicit ALS (Hu, Koren and Volinsky 2008); `half_life_days` = 0 is no decay. The same data,
    configuration and `seed` give the same model with the same libraries on the same kind of processor: the manifest's
    `libraries` name the kernels that BLAS picked, by which sums are rounded.
    """

    recipe: RecipeName = "auto"
    weights: WeightSettings = WeightSettings()
    factors: int = Field(default=64, ge=1, le=4096)
    regularization: float = Field(default=30.0, gt=0, allow_inf_nan=False)  # at 0 a fold-in may have no solution
    alpha: float = Field(default=4.0, gt=0, allow_inf_nan=False)
    iterations: int = Field(default=15, ge=1, le=1000)
    weighting: Weighting = "count"
    half_life_days: float = Field(default=90.0, ge=0, allow_inf_nan=False)
    seed: int = Field(default=42, ge=0, lt=2**32)


class Evaluation(_Section):
    """The last `test_days` of the data are the test window; metrics look at the first `k` picks."""

    test_days: int = Field(default=28, ge=1)
    k: int = Field(default=10, ge=1, le=MAX_LIMIT)


class Gate(_Section):
    """What a new version is refused for. `margin`: the share of its NDCG that the published one may be better by; a
    baseline may not be measurably better at all.

    `shrink`: the share of its users, items, events and baskets, after cleaning, that the published one may have had
    more; 1 lets any number pass. The newest event may not be older, whatever `shrink` is.
    """

    margin: float = Field(default=0.02, ge=0, lt=1)
    shrink: float = Field(default=0.2, ge=0, le=1)


class Config(_Section):
    """Everything a training run can be told."""

    data: Data = Data()
    catalogue: CatalogueSource = CatalogueSource()
    columns: Columns = Columns()
    clean: Clean = Clean()
    events: Mapping[str, Weight] = EVENT_WEIGHTS
    model: ModelSettings = ModelSettings()
    evaluation: Evaluation = Evaluation()
    gate: Gate = Gate()

    @property
    def own_catalogue(self) -> CatalogueSource | None:
        """The catalogue's own source, if there is one."""
        source = self.catalogue.source or self.data.catalogue
        return self.catalogue.model_copy(update={"source": source}) if source else None

    @property
    def purchase_event(self) -> str:
        """The event type that is a purchase: `purchase` where that has a weight, else the one with the greatest weight.
        Raises ConfigError where several have it."""
        if self.events.get(PURCHASE):
            return PURCHASE
        greatest = max(self.events.values())
        first, *others = [event for event, weight in self.events.items() if weight == greatest]
        if others:
            names = " and ".join(map(repr, (first, *others)))
            raise ConfigError(
                f"events: {names} have the greatest weight, {greatest}, and only one of them is the purchase: give it "
                f"the greatest weight alone, or name it {PURCHASE!r}"
            )
        return first

    def public(self) -> dict[str, Any]:
        """All of it as JSON values, sources without passwords and signatures: what may be written down."""
        values = self.model_dump(mode="json")
        for section, key in (("data", "source"), ("data", "catalogue"), ("catalogue", "source")):
            if values[section][key]:
                values[section][key] = public_name(values[section][key])
        for section in ("data", "catalogue"):
            values[section]["query"] = public_value(values[section]["query"])
        return values


def load_config(path: Path | None, data: str | None) -> Config:
    """The configuration of `path` (defaults where it is None), its source replaced by `data` where that is given.

    Raises ConfigError naming the file and every bad key with its value.
    """
    table = _read(path) if path else {}
    if data and isinstance(table.setdefault("data", {}), dict):
        table["data"]["source"] = data
    try:
        config = Config.model_validate(table)
    except ValidationError as error:
        raise ConfigError(_report(path, [_explain(detail) for detail in error.errors()])) from error
    if config.data.catalogue and config.catalogue.source:
        raise ConfigError(_report(path, ["data.catalogue is short for catalogue.source: give one of them"]))
    if not any(config.events.values()):
        raise ConfigError(_report(path, [f"events = {dict(config.events)!r}: at least one weight above 0 is needed"]))
    try:
        config.purchase_event  # noqa: B018
    except ConfigError as error:
        raise ConfigError(_report(path, [str(error)])) from error
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is no TOML: {error}") from error


def _report(path: Path | None, problems: Iterable[str]) -> str:
    return "\n".join([f"{path or 'the configuration'} cannot be used:", *(f"  {problem}" for problem in problems)])


def _explain(detail: ErrorDetails) -> str:
    key, value = ".".join(str(part) for part in detail["loc"]), public_value(detail["input"])
    if detail["type"] == "extra_forbidden":
        return f"{key} = {value!r}: unknown key{_hint(detail['loc'])}"
    reason = detail["msg"].removeprefix("Value error, ")
    return f"{key} = {value!r}: {reason[0].lower()}{reason[1:]}"


def _hint(location: tuple[int | str, ...]) -> str:
    section: type[BaseModel] = Config
    for part in location[:-1]:
        annotation = section.model_fields[str(part)].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel)  # noqa: S101
        section = annotation
    close = difflib.get_close_matches(str(location[-1]), section.model_fields, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(section.model_fields)}"
