"""What a request for the catalogue, or for what a user did last, may hold."""

from pydantic import Field

from artifacts.queries.query import Query
from service.http.fields import Id, Request
from service.recommendations.schemas import Limited, Narrowed


class Item(Request):
    """An item."""

    item_id: Id


class Items(Narrowed):
    """Items page by page, in the order of their ids."""

    after: Id | None = Field(
        default=None, description="The last page's `next_after`: answer items behind that id. Without it, the first."
    )


class RecentItems(Limited):
    """What a user did last."""

    user_id: Id

    def query(self) -> Query:
        return Query(user_id=self.user_id, limit=self.limit)
