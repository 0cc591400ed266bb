"""The fields that requests are made of, as they are validated: ids, categories, prices."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from artifacts.shared_limits import MAX_ID_CHARACTERS, MAX_PRICE
from service.limits import MAX_CATEGORY_CHARACTERS, MAX_JSON_PARTS

# NUL is the one character no id has: neither a database nor a text file can be relied on to hold it.
WITHOUT_NUL = r"^[^\x00]*$"

Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARACTERS, pattern=WITHOUT_NUL)]
Category = Annotated[str, Field(min_length=1, max_length=MAX_CATEGORY_CHARACTERS, pattern=WITHOUT_NUL)]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
StoredPrice = Annotated[Price, Field(le=MAX_PRICE)]


class Request(BaseModel):
    """Base of every request: unknown fields are refused, nothing is converted, all problems are found at once."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    max_parts: ClassVar[int] = MAX_JSON_PARTS  # of its JSON: no request that can be valid has more


class Nothing(Request):
    """A request without parameters."""
