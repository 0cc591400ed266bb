"""What each request may hold. These types validate it, and the OpenAPI document is generated from them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from artifacts.queries.query import DEFAULT_LIMIT, Filters, Query, Repeat
from artifacts.shared_limits import MAX_LIMIT, MAX_OFFSET
from service.http.fields import Category, Id, Price, Request
from service.limits import (
    MAX_BASKET_ITEMS,
    MAX_BATCH_USERS,
    MAX_CATEGORIES,
    MAX_EXCLUDED_IN_BODY,
    MAX_EXCLUDED_IN_URL,
    MAX_LONG_JSON_PARTS,
    MAX_RANKED_ITEMS,
    MAX_RECENT_ITEMS,
)

RepeatPolicy = Annotated[
    Repeat, Field(strict=False), WithJsonSchema({"title": "Repeat", "type": "string", "enum": [*Repeat]})
]


def _whole(value: Any) -> Any:
    """In JSON 10.0 is an integer as good as 10."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_EXCLUDE = "Items that must not be answered."


class InBody(Request):
    """A body has room for more than a URL."""

    exclude: list[Id] = Field(default=[], max_length=MAX_EXCLUDED_IN_BODY, description=_EXCLUDE)


class Explained(Request):
    """An answer whose picks can say why."""

    explain: bool = Field(default=False, description="Give the reason of each pick, in data.")


class Limited(Request):
    """How many items to answer."""

    limit: Annotated[
        int, Field(ge=1, le=MAX_LIMIT, description="How many items to answer."), BeforeValidator(_whole)
    ] = DEFAULT_LIMIT


class Narrowed(Limited):
    """How many items to answer, and of which kind."""

    category: list[Category] = Field(
        default=[], max_length=MAX_CATEGORIES, description="Answer items of these categories only."
    )
    min_price: Price | None = Field(default=None, description="In the shop's currency, inclusive.")
    max_price: Price | None = Field(default=None, description="In the shop's currency, inclusive; not below min_price.")
    in_stock: bool = Field(default=True, description="Leave out what is not available.")

    @field_validator("max_price")
    @classmethod
    def _a_range(cls, max_price: float | None, info: ValidationInfo) -> float | None:
        min_price: float | None = info.data.get("min_price")
        if min_price is not None and max_price is not None and max_price < min_price:
            raise ValueError("is below min_price")
        return max_price

    def filters(self) -> Filters:
        return Filters(tuple(self.category), self.min_price, self.max_price, self.in_stock)


class Filtered(Narrowed, Explained):
    """How many items to answer, and which may be among them."""

    exclude: list[Id] = Field(default=[], max_length=MAX_EXCLUDED_IN_URL, description=_EXCLUDE)

    def about(self, **whom: Any) -> Query:
        """The query with these parameters; `whom` names the fields of Query that are the request's own."""
        return Query(
            limit=self.limit,
            exclude=tuple(self.exclude),
            filters=self.filters(),
            explain=self.explain,
            **whom,
        )


class Paged(Filtered):
    """An answer in parts: the order stands still as long as the answer's ETag does."""

    offset: Annotated[
        int, Field(ge=0, le=MAX_OFFSET, description="How many of the best items to leave out."), BeforeValidator(_whole)
    ] = 0

    def about(self, **whom: Any) -> Query:
        return super().about(offset=self.offset, **whom)


class Personal(Filtered):
    """What may be answered to a user or a session."""

    repeat: RepeatPolicy = Field(default=Repeat.EXCLUDE, description="What to do with items the user already bought.")
    personalized: bool = Field(
        default=True, description="false: answer from popularity alone, read nothing about the user."
    )

    def about(self, **whom: Any) -> Query:
        return super().about(repeat=self.repeat, personalized=self.personalized, **whom)


class UserRecommendations(Personal):
    """Picks for a user."""

    user_id: Id

    def query(self) -> Query:
        return self.about(user_id=self.user_id)


class Recommendations(InBody, Personal):
    """Picks for a user, a session, or a user's session: one of them is required."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["user_id"], "properties": {"user_id": {"type": "string"}}},
                {"required": ["session_id"], "properties": {"session_id": {"type": "string"}}},
                {"required": ["recent_items"], "properties": {"recent_items": {"minItems": 1}}},
            ]
        }
    )

    user_id: Id | None = None
    session_id: Id | None = Field(default=None, description="The session whose events the live store has.")
    recent_items: list[Id] = Field(
        default=[],
        max_length=MAX_RECENT_ITEMS,
        validate_default=True,
        description="The session's items, oldest first.",
    )

    @field_validator("recent_items")
    @classmethod
    def _somebody(cls, recent_items: list[str], info: ValidationInfo) -> list[str]:
        if not recent_items and all(info.data.get(name, "") is None for name in ("user_id", "session_id")):
            raise ValueError("user_id, session_id or recent_items is needed")
        return recent_items

    def query(self) -> Query:
        return self.about(user_id=self.user_id, session_id=self.session_id, recent_items=tuple(self.recent_items))


class ItemCrossSell(Filtered):
    """What is bought together with an item."""

    item_id: Id

    def query(self) -> Query:
        return self.about(items=(self.item_id,))


class CrossSell(InBody, Personal):
    """What is bought together with a basket."""

    items: Annotated[list[Id], Field(min_length=1, max_length=MAX_BASKET_ITEMS, description="The basket.")]
    user_id: Id | None = None

    def query(self) -> Query:
        return self.about(items=tuple(self.items), user_id=self.user_id)


class SimilarItems(Paged):
    """What can stand in for an item."""

    item_id: Id

    def query(self) -> Query:
        return self.about(items=(self.item_id,))


class ViewedTogether(Filtered):
    """What those who look at an item look at as well."""

    item_id: Id

    def query(self) -> Query:
        return self.about(items=(self.item_id,))


class Popular(Paged):
    """What sells now."""

    def query(self) -> Query:
        return self.about()


class Rank(Explained):
    """The caller's own list, to be put in the user's order. Nothing is filtered out of it."""

    user_id: Id
    items: Annotated[list[Id], Field(min_length=1, max_length=MAX_RANKED_ITEMS)]
    personalized: bool = True

    def query(self) -> Query:
        return Query(
            user_id=self.user_id,
            items=tuple(self.items),
            limit=len(self.items),
            explain=self.explain,
            personalized=self.personalized,
        )


class BatchRecommendations(InBody, Personal):
    """Picks for many users, each with the same parameters."""

    max_parts = MAX_LONG_JSON_PARTS

    user_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_BATCH_USERS)]

    def query(self, user_id: str) -> Query:
        return self.about(user_id=user_id)
