"""A training run's configuration: TOML in, one frozen value out, every bad key reported together."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from training.errors import ConfigError
from training.redaction import public_name, public_value


def _compiles(pattern: str) -> str:
    """Polars matches with Rust's engine, which has no look-around: only it can say whether a pattern works."""
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"is no regular expression: {' '.join(str(error).split())}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Weighting = Literal["binary", "count", "log", "bm25"]
RecipeName = Literal["auto", "blend", "ranker"]
PURCHASE = "purchase"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Data(_Section):
    """Where the rows are. `source`: a file, directory, glob, object store or database URL (`query` is for a database).

    `catalogue` is a file or URL of its own for titles, prices and availability; it may hold items never bought.
    """

    source: str | None = Field(default=None, min_length=1)
    query: str | None = Field(default=None, min_length=1)
    catalogue: str | None = Field(default=None, min_length=1)


class Columns(_Section):
    """The shop's column names. None: found by its obvious names (`training.reading.columns.OBVIOUS`); "": not used."""

    user: str | None = None
    item: str | None = None
    time: str | None = None
    basket: str | None = None
    event: str | None = None
    quantity: str | None = None
    price: str | None = None
    title: str | None = None
    category: str | None = None
    image_url: str | None = None
    product_url: str | None = None
    available: str | None = None


class Clean(_Section):
    """What is dropped. `cancelled_basket` matches basket ids of cancellations, `product_item` item ids of products.

    `bots` drops users whose number of events is an outlier (`training.interactions.cleaning.bots` states the rule).
    """

    cancelled_basket: Pattern | None = None
    product_item: Pattern | None = None
    min_events_per_user: int = Field(default=1, ge=1)
    min_events_per_item: int = Field(default=1, ge=1)
    bots: bool = True


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

    The rest is implicit ALS (Hu, Koren and Volinsky 2008); `half_life_days` = 0 is no decay.
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
    k: int = Field(default=10, ge=1, le=100)


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
    columns: Columns = Columns()
    clean: Clean = Clean()
    events: Mapping[str, Weight] = {"purchase": 1.0, "cart": 0.3, "view": 0.1}
    model: ModelSettings = ModelSettings()
    evaluation: Evaluation = Evaluation()
    gate: Gate = Gate()

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
        named = {key: public_name(values["data"][key]) for key in ("source", "catalogue") if values["data"][key]}
        return values | {"data": values["data"] | named}


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
