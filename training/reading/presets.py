"""The exports of shop systems and feeds: which column plays which role, and what they say in their own way."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

Names = Mapping[str, tuple[str, ...]]
ANY = ("*",)  # whatever is there


@dataclass(frozen=True)
class OrderPreset:
    """An export of orders, a row an item. `columns`: role -> names, the first that is there counts, without case and
    punctuation.

    `void`: an order does not count where the column says one of these words (without case; ANY: anything), on whichever
    of its rows.
    """

    columns: Names
    void: Names = field(default_factory=dict)


@dataclass(frozen=True)
class Stock:
    """Columns of a quantity, of whether an item is sold without any (`stops`: words for no), and of whether it is
    counted at all, where that is left blank otherwise."""

    quantity: tuple[str, ...]
    policy: tuple[str, ...]
    stops: tuple[str, ...]
    tracker: tuple[str, ...]


@dataclass(frozen=True)
class ProductPreset:
    """An export of products. `columns` as of orders. All `available` columns have to say so; `off` are words that say
    no in one of them only.

    `group`: the column that rows of one product share, on the first of which its texts stand. `levels` is what stands
    between a category and the one in it, `several` between categories; `root`: the first level is the shop itself.
    """

    columns: Names
    available: tuple[str, ...]
    off: Names = field(default_factory=dict)
    stock: Stock | None = None
    group: tuple[str, ...] = ()
    levels: str = ">"
    several: str | None = None
    root: bool = False


VOID = ("cancelled", "canceled", "refunded", "voided", "failed", "trash")

ORDERS: Mapping[str, OrderPreset] = {
    # https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders
    "shopify": OrderPreset(
        {
            "user": ("Email", "Customer ID"),
            "item": ("Lineitem sku",),
            "time": ("Created at", "Paid at"),
            "basket": ("Name",),
            "quantity": ("Lineitem quantity",),
            "price": ("Lineitem price",),
            "title": ("Lineitem name",),
        },
        void={"Cancelled at": ANY, "Financial Status": ("refunded", "voided")},
    ),
    # The columns of the Customer/Order/Coupon Export extension, a row a line item, and of Advanced Order Export.
    "woocommerce": OrderPreset(
        {
            "user": ("customer_id", "customer_user", "Customer User ID", "billing_email", "customer_email",
                     "Email (Billing)"),
            "item": ("item_sku", "SKU", "item_product_id", "product_id", "Product Id"),
            "time": ("order_date", "date", "date_created"),
            "basket": ("order_number", "order_id", "order_number_formatted"),
            "quantity": ("item_quantity", "Quantity", "Quantity (- Refund)", "qty"),
            "price": ("item_price", "Item Cost", "item_cost", "price"),
            "title": ("item_name", "Product Name", "product_name"),
        },
        void={"status": (*VOID, *(f"wc-{word}" for word in VOID)),
              "Order Status": (*VOID, *(f"wc-{word}" for word in VOID))},
    ),
    # The columns of sales_order and sales_order_item, as the export extensions and a query name them.
    "magento": OrderPreset(
        {
            "user": ("customer_id", "customer_email", "Customer Email"),
            "item": ("sku", "item_sku", "product_sku", "Item SKU", "item:sku"),
            "time": ("created_at", "Purchase Date", "order_date"),
            "basket": ("increment_id", "order_id", "Order #", "Order ID", "order_number"),
            "quantity": ("qty_ordered", "Item Qty Ordered", "item:qty_ordered", "qty"),
            "price": ("price", "item_price", "Item Price", "item:price", "base_price"),
            "title": ("name", "item_name", "product_name", "item:name"),
        },
        void={"status": ("canceled", "cancelled", "closed", "fraud"), "state": ("canceled", "closed"),
              "Order Status": ("canceled", "cancelled", "closed", "fraud")},
    ),
}  # fmt: skip

PRODUCTS: Mapping[str, ProductPreset] = {
    # https://help.shopify.com/en/manual/products/import-export/using-csv
    "shopify": ProductPreset(
        {
            "item": ("Variant SKU", "SKU"),
            "title": ("Title",),
            "category": ("Type", "Product Category"),
            "price": ("Variant Price", "Price"),
            "image_url": ("Image Src", "Product image URL", "Variant Image"),
        },
        available=("Status", "Published", "Published on online store"),
        stock=Stock(
            quantity=("Variant Inventory Qty", "Inventory quantity"),
            policy=("Variant Inventory Policy", "Continue selling when out of stock"),
            stops=("deny", "false"),
            tracker=("Variant Inventory Tracker", "Inventory tracker"),
        ),
        group=("Handle", "URL handle"),
    ),
    # https://woocommerce.com/document/product-csv-importer-exporter/
    "woocommerce": ProductPreset(
        {
            "item": ("SKU", "ID"),
            "title": ("Name",),
            "category": ("Categories",),
            "price": ("Regular price", "Sale price"),
            "image_url": ("Images",),
        },
        available=("Published", "In stock?"),
        several=",",
    ),
    # https://experienceleague.adobe.com/docs/commerce-admin/systems/data-transfer/data-attributes-product.html
    "magento": ProductPreset(
        {"item": ("sku",), "title": ("name",), "category": ("categories",), "price": ("price",)},
        available=("product_online", "is_in_stock"),
        off={"product_online": ("2",)},
        levels="/",
        several=",",
        root=True,
    ),
    # https://support.google.com/merchants/answer/7052112
    "google": ProductPreset(
        {
            "item": ("id", "g:id"),
            "title": ("title", "g:title"),
            "category": ("product_type", "g:product_type", "google_product_category", "g:google_product_category"),
            "price": ("price", "g:price"),
            "image_url": ("image_link", "g:image_link"),
            "product_url": ("link", "g:link"),
        },
        available=("availability", "g:availability"),
    ),
}


def preset_of(there: Collection[str], presets: Mapping[str, OrderPreset] | Mapping[str, ProductPreset]) -> str | None:
    """The preset of which each role has a column there; None without one."""

    def fits(columns: Names) -> bool:
        return all(set(names) & set(there) for names in columns.values())

    return next((name for name, preset in presets.items() if fits(preset.columns)), None)
