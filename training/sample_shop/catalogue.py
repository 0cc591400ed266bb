"""What the sample shop sells: lines of products in categories, each line in a few variants and options."""

from dataclasses import dataclass
from itertools import product as combinations

SHOP_URL = "https://shop.example"
_OPTION_SURCHARGE = 0.04  # each further option of a line costs this share more, so that prices differ


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of product. Every variant (and its price) comes in every option."""

    name: str
    variants: dict[str, float]
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """Demand peaks in `peak_week` (of 52, counted from the history's first) and sways by `swing` (0..1) around its
    mean."""

    code: str
    name: str
    peak_week: int
    swing: float


@dataclass(frozen=True, slots=True)
class Product:
    """One catalogue row; `line` names the kind of product it is. Prices are in the shop's currency."""

    item_id: str
    title: str
    line: str
    category: str
    price: float

    @property
    def product_url(self) -> str:
        return f"{SHOP_URL}/products/{self.item_id}"

    @property
    def image_url(self) -> str:
        return f"{SHOP_URL}/images/{self.item_id}.jpg"


_METALS = ("brushed steel", "matt black", "copper")
_GLAZES = ("white", "sand", "sea green", "midnight blue")
_LINENS = ("white", "oatmeal", "slate grey", "sage")
_ROASTS = ("light roast", "medium roast", "dark roast")

CATEGORIES = (
    Category("CM", "Coffee machines", peak_week=50, swing=0.3),
    Category("CT", "Coffee and tea", peak_week=2, swing=0.15),
    Category("CW", "Cookware", peak_week=48, swing=0.25),
    Category("KT", "Kitchen tools", peak_week=48, swing=0.15),
    Category("BK", "Baking", peak_week=47, swing=0.4),
    Category("TW", "Tableware", peak_week=49, swing=0.25),
    Category("GT", "Garden tools", peak_week=18, swing=0.7),
    Category("PS", "Plants and seeds", peak_week=15, swing=0.7),
    Category("CA", "Cats", peak_week=1, swing=0.05),
    Category("DO", "Dogs", peak_week=1, swing=0.05),
    Category("CP", "Camping", peak_week=25, swing=0.7),
    Category("BT", "Bedding and textiles", peak_week=46, swing=0.4),
    Category("CL", "Cleaning", peak_week=12, swing=0.1),
    Category("DP", "Desk and paper", peak_week=36, swing=0.3),
    Category("LD", "Lighting and decoration", peak_week=50, swing=0.5),
)

LINES = {
    "Coffee machines": (
        Line("Espresso machine", {"15 bar": 149, "20 bar with steam wand": 279}, _METALS),
        Line("Pod coffee machine", {"0.8 l": 79, "1.2 l": 109}, ("black", "red", "cream")),
        Line("Filter coffee machine", {"10 cups": 49, "12 cups with timer": 69}, ("black", "steel")),
        Line("Cold brew maker", {"1 l": 24.5, "1.5 l": 32}, ("clear glass", "smoked glass")),
        Line("Coffee grinder", {"hand crank": 34, "electric, 40 settings": 119}, _METALS),
        Line("French press", {"0.35 l": 19, "1 l": 29}, ("glass", "steel", "stoneware")),
        Line("Moka pot", {"3 cups": 22, "6 cups": 31}, ("aluminium", "steel", "black")),
        Line("Pour-over dripper", {"size 1": 14.5, "size 2": 18}, ("ceramic", "glass", "copper")),
        Line("Milk frother", {"hand-held": 12, "electric": 45}, ("white", "black", "steel")),
        Line("Coffee tamper", {"51 mm": 16, "58 mm": 21}, ("walnut handle", "beech handle", "steel")),
    ),
    "Coffee and tea": (
        Line("Arabica beans", {"250 g": 6.5, "1 kg": 19.5}, _ROASTS),
        Line("Espresso blend beans", {"500 g": 11, "1 kg": 20.5}, _ROASTS),
        Line("Decaffeinated coffee", {"250 g": 7.5}, ("ground", "whole bean")),
        Line("Coffee pods", {"pack of 50": 17.5, "pack of 100": 32}, ("lungo", "ristretto", "decaf")),
        Line("Paper coffee filters", {"size 1, pack of 100": 3, "size 2, pack of 100": 3.5}, ("white", "brown")),
        Line("Machine descaler", {"500 ml": 8.5, "1 l": 14}, ("citric", "eco")),
        Line("Black tea", {"100 g tin": 7.5, "50 bags": 5}, ("Assam", "Earl Grey", "Ceylon", "Darjeeling")),
        Line("Green tea", {"100 g tin": 8.5, "50 bags": 6}, ("sencha", "jasmine", "genmaicha")),
        Line("Herbal tea", {"20 bags": 3.5, "80 g": 5.5}, ("peppermint", "rooibos", "camomile", "fennel")),
        Line("Drinking chocolate", {"300 g": 7}, ("dark", "milk", "hazelnut")),
    ),
    "Cookware": (
        Line("Cast-iron frying pan", {"20 cm": 29, "26 cm": 45, "30 cm": 58}, ("raw", "enamelled")),
        Line("Chainmail pan scrubber", {"small": 11, "large": 15}, ("round", "square")),
        Line("Casserole", {"3 l": 69, "5 l": 99}, ("red", "cream", "black")),
        Line("Saucepan", {"1 l": 24, "2 l": 32, "3 l": 39}, ("steel", "copper base")),
        Line("Stock pot", {"6 l": 49, "10 l": 69}, ("steel", "enamel")),
        Line("Non-stick pan", {"24 cm": 27, "28 cm": 34}, ("granite grey", "black")),
        Line("Wok", {"30 cm": 36, "34 cm": 44}, ("carbon steel", "cast iron")),
        Line("Roasting tin", {"medium": 22, "large with rack": 35}, ("steel", "enamel")),
        Line("Steamer basket", {"20 cm": 16, "25 cm": 21}, ("bamboo", "steel")),
        Line("Pressure cooker", {"4 l": 79, "6 l": 95}, ("steel", "black")),
        Line("Air fryer", {"3.5 l": 79, "5.5 l": 119}, ("black", "white")),
    ),
    "Kitchen tools": (
        Line("Chef's knife", {"16 cm": 39, "20 cm": 49}, ("olive wood", "black handle", "steel handle")),
        Line("Whetstone", {"400/1000 grit": 26, "1000/6000 grit": 36}, ("with base",)),
        Line("Chopping board", {"30 x 20 cm": 15, "45 x 30 cm": 32}, ("oak", "acacia", "bamboo")),
        Line("Mixing bowl", {"2 l": 12, "4 l": 18}, ("steel", "glass", "melamine")),
        Line("Kitchen scales", {"5 kg": 19, "10 kg": 29}, ("white", "black")),
        Line("Storage jar", {"0.5 l": 5.5, "1 l": 7.5, "2 l": 10}, ("clip top", "bamboo lid", "cork lid")),
        Line("Measuring jug", {"0.5 l": 7, "1 l": 9.5}, ("glass", "steel")),
        Line("Box grater", {"four-sided": 14, "six-sided": 18}, ("steel", "black")),
        Line("Pepper mill", {"14 cm": 18, "21 cm": 26}, ("beech", "walnut", "acrylic")),
        Line("Salad spinner", {"3 l": 17, "5 l": 23}, ("white", "green")),
        Line("Tongs", {"23 cm": 7.5, "30 cm": 9.5}, ("steel", "silicone tips")),
    ),
    "Baking": (
        Line("Springform cake tin", {"20 cm": 13, "26 cm": 17}, ("non-stick", "glass base")),
        Line("Parchment paper", {"10 m roll": 3.5, "50 sheets": 5}, ("unbleached", "white")),
        Line("Proofing basket", {"500 g": 13, "1 kg": 17}, ("rattan round", "rattan oval")),
        Line("Bread flour", {"1 kg": 3, "5 kg": 11.5}, ("strong white", "wholemeal", "rye", "spelt")),
        Line("Stand mixer", {"4.5 l": 229, "6 l": 329}, ("cream", "red", "graphite")),
        Line("Rolling pin", {"40 cm": 11, "50 cm": 14}, ("beech", "marble")),
        Line("Muffin tray", {"6 cups": 11, "12 cups": 16}, ("non-stick", "silicone")),
        Line("Cookie cutters", {"set of 5": 6.5, "set of 12": 11}, ("stars", "animals", "letters")),
        Line("Piping set", {"12 pieces": 12, "26 pieces": 19}, ("steel nozzles", "reusable bags")),
        Line("Vanilla pods", {"pack of 3": 8.5}, ("Madagascar", "Tahiti")),
        Line("Baking chocolate", {"200 g": 4, "1 kg": 14.5}, ("dark 70%", "milk", "white")),
    ),
    "Tableware": (
        Line("Espresso cups", {"set of 2": 14, "set of 6": 35}, _GLAZES),
        Line("Mug", {"300 ml": 8.5, "450 ml": 10.5}, _GLAZES),
        Line("Dinner plate", {"24 cm": 9.5, "27 cm": 12}, _GLAZES),
        Line("Cereal bowl", {"15 cm": 7.5, "18 cm": 9}, _GLAZES),
        Line("Wine glasses", {"set of 4": 26, "set of 6": 36}, ("red wine", "white wine")),
        Line("Water carafe", {"1 l": 19, "1.5 l": 24}, ("clear", "smoked")),
        Line("Cutlery set", {"16 pieces": 45, "24 pieces": 65}, ("polished", "matt black")),
        Line("Serving platter", {"30 cm": 21, "40 cm": 29}, ("oak", "slate", "stoneware")),
    ),
    "Garden tools": (
        Line("Secateurs", {"bypass": 22, "anvil": 19}, ("red grip", "wooden grip")),
        Line("Hand trowel", {"narrow": 9.5, "wide": 10.5}, ("ash handle", "steel")),
        Line("Digging spade", {"medium": 34, "full size": 39}, ("ash handle", "steel handle")),
        Line("Watering can", {"5 l": 17, "10 l": 24}, ("galvanised", "green", "cream")),
        Line("Garden hose", {"15 m": 29, "30 m": 46}, ("green", "grey")),
        Line("Hose nozzle", {"5 patterns": 9.5, "8 patterns": 13}, ("brass", "plastic")),
        Line("Gardening gloves", {"size S": 8.5, "size M": 8.5, "size L": 8.5}, ("green", "floral")),
        Line("Raised bed", {"80 x 80 cm": 49, "120 x 80 cm": 69}, ("larch", "galvanised")),
        Line("Garden shears", {"short": 24, "telescopic": 38}, ("black", "red")),
        Line("Compost bin", {"220 l": 45, "380 l": 62}, ("black", "green")),
    ),
    "Plants and seeds": (
        Line("Vegetable seeds", {"packet": 2.5}, ("tomato", "courgette", "carrot", "lettuce", "chilli", "bean")),
        Line("Herb seeds", {"packet": 2.5}, ("basil", "coriander", "parsley", "thyme", "dill")),
        Line("Flower seeds", {"packet": 2.5}, ("sunflower", "cosmos", "nasturtium", "poppy", "meadow mix")),
        Line("Potting soil", {"20 l": 6.5, "40 l": 11}, ("universal", "peat-free")),
        Line("Plant food", {"500 ml": 6, "1 l": 9.5}, ("tomato", "universal", "orchid")),
        Line("Terracotta pot", {"12 cm": 4, "18 cm": 7, "25 cm": 13}, ("natural", "whitewashed")),
        Line("Propagator", {"24 cells": 12, "40 cells": 16}, ("with lid", "heated")),
        Line("House plant", {"12 cm pot": 11, "17 cm pot": 21}, ("monstera", "fern", "rubber plant", "aloe")),
        Line("Bird feeder", {"small": 12, "large": 19}, ("seed", "peanut")),
        Line("Bird seed", {"2 kg": 7, "5 kg": 15}, ("mixed", "sunflower hearts")),
    ),
    "Cats": (
        Line("Cat dry food", {"2 kg": 14, "4 kg": 25}, ("chicken", "salmon", "indoor", "senior")),
        Line("Cat wet food", {"12 pouches": 8.5, "24 pouches": 15.5}, ("poultry", "fish", "beef")),
        Line("Cat litter", {"10 l": 9.5, "20 l": 17}, ("clumping", "wood", "silica")),
        Line("Litter tray", {"open": 15, "with hood": 32}, ("grey", "white")),
        Line("Litter scoop", {"plastic": 4, "metal": 8}, ("with holder", "long handle")),
        Line("Cat toy", {"single": 4.5, "set of 5": 11}, ("feathers", "mice", "catnip fish")),
        Line("Scratching post", {"60 cm": 29, "110 cm": 59}, ("sisal", "cardboard")),
        Line("Cat bed", {"round": 24, "cave": 34}, ("grey felt", "cream plush")),
        Line("Cat flap", {"manual": 25, "microchip": 89}, ("white", "brown")),
        Line("Cat treats", {"60 g": 2.5, "200 g": 6}, ("salmon", "cheese", "malt")),
    ),
    "Dogs": (
        Line("Dog dry food", {"3 kg": 17, "12 kg": 49}, ("lamb and rice", "chicken", "grain free")),
        Line("Dog chews", {"pack of 7": 5.5, "pack of 28": 17}, ("small dogs", "large dogs")),
        Line("Dog lead", {"1.2 m": 13, "2 m": 18}, ("red", "navy", "leather")),
        Line("Waste bags", {"120 bags": 6, "300 bags": 12.5}, ("compostable", "lavender")),
        Line("Dog collar", {"small": 9.5, "medium": 11.5, "large": 13}, ("red", "navy", "leather")),
        Line("Dog bed", {"70 cm": 39, "100 cm": 59}, ("grey", "tweed")),
        Line("Dog toy", {"ball": 5, "tug rope": 7.5}, ("small", "large")),
        Line("Food bowl", {"0.5 l": 8.5, "1.5 l": 12.5}, ("steel", "ceramic", "slow feeder")),
        Line("Dog coat", {"35 cm": 24, "50 cm": 32}, ("raincoat", "fleece")),
    ),
    "Camping": (
        Line("Tent", {"2 person": 119, "4 person": 199}, ("forest green", "sand", "grey")),
        Line("Tent pegs", {"pack of 10": 9.5, "pack of 20": 16}, ("steel", "sand and snow")),
        Line("Sleeping mat", {"foam": 22, "self-inflating": 49}, ("regular", "long")),
        Line("Sleeping bag", {"summer": 45, "three season": 79}, ("left zip", "right zip")),
        Line("Camping stove", {"one burner": 32, "two burners": 69}, ("steel", "green")),
        Line("Gas cartridge", {"230 g": 6, "450 g": 9.5}, ("screw valve", "pierceable")),
        Line("Head torch", {"200 lumen": 19, "400 lumen": 32}, ("black", "orange")),
        Line("Camping chair", {"folding": 29, "reclining": 49}, ("green", "navy")),
        Line("Cool box", {"16 l": 29, "32 l": 45}, ("blue", "grey")),
        Line("Vacuum flask", {"0.5 l": 19, "1 l": 27}, ("steel", "forest green", "black")),
    ),
    "Bedding and textiles": (
        Line("Duvet", {"single, summer": 45, "double, all season": 89}, ("down", "hollow fibre")),
        Line("Duvet cover", {"single": 39, "double": 55}, _LINENS),
        Line("Pillow", {"soft": 22, "firm": 25}, ("down", "memory foam")),
        Line("Fitted sheet", {"single": 19, "double": 26}, _LINENS),
        Line("Bath towel", {"70 x 140 cm": 16, "100 x 150 cm": 24}, _LINENS),
        Line("Throw", {"130 x 170 cm": 39, "150 x 200 cm": 54}, ("wool", "cotton", "fleece")),
        Line("Table runner", {"150 cm": 17, "200 cm": 21}, ("linen", "cotton")),
        Line("Tea towels", {"set of 3": 11, "set of 5": 16}, ("stripes", "checks")),
    ),
    "Cleaning": (
        Line("Laundry detergent", {"20 washes": 7.5, "60 washes": 18}, ("colour", "white", "sensitive")),
        Line("Dishwasher tablets", {"pack of 40": 9, "pack of 80": 16}, ("all in one", "eco")),
        Line("Washing-up liquid", {"500 ml": 3, "1 l refill": 5}, ("lemon", "unscented")),
        Line("All-purpose cleaner", {"750 ml": 4, "1 l refill": 5}, ("citrus", "lavender")),
        Line("Sponges", {"pack of 5": 3.5, "pack of 10": 6}, ("cellulose", "scouring")),
        Line("Spray mop", {"40 cm": 29, "with two pads": 36}, ("grey",)),
        Line("Mop pads", {"pack of 2": 9, "pack of 4": 16}, ("microfibre",)),
        Line("Drying rack", {"18 m": 27, "27 m": 39}, ("white", "grey")),
        Line("Storage basket", {"small": 12, "large": 19}, ("seagrass", "felt", "wire")),
    ),
    "Desk and paper": (
        Line("Fountain pen", {"fine nib": 24, "medium nib": 24}, ("black", "blue", "rose")),
        Line("Ink bottle", {"30 ml": 8.5, "50 ml": 12}, ("black", "royal blue", "burgundy")),
        Line("Notebook", {"A5, 160 pages": 9.5, "A4, 200 pages": 14}, ("lined", "dotted", "plain")),
        Line("Printer paper", {"500 sheets": 5.5, "2500 sheets": 24}, ("80 g", "recycled")),
        Line("Desk organiser", {"small": 17, "large": 29}, ("bamboo", "felt")),
        Line("Gel pens", {"pack of 5": 7.5, "pack of 12": 15}, ("black", "assorted")),
        Line("Wall calendar", {"A3": 12, "A2": 17}, ("botanical", "minimal")),
        Line("Greeting cards", {"set of 5": 8.5, "set of 10": 14}, ("birthday", "thank you", "blank")),
    ),
    "Lighting and decoration": (
        Line("Table lamp", {"30 cm": 39, "45 cm": 55}, ("brass", "white", "rattan")),
        Line("LED bulb", {"E14, 4 W": 4.5, "E27, 8 W": 5.5}, ("warm white", "daylight")),
        Line("Scented candle", {"150 g": 13, "300 g": 21}, ("cedar", "fig", "orange blossom")),
        Line("String lights", {"5 m": 14, "10 m": 21}, ("warm white", "coloured")),
        Line("Picture frame", {"A4": 12, "A3": 18}, ("oak", "black", "white")),
        Line("Vase", {"15 cm": 15, "28 cm": 27}, ("glass", "stoneware", "terracotta")),
        Line("Wall clock", {"25 cm": 27, "35 cm": 38}, ("oak", "white")),
        Line("Cushion cover", {"40 x 40 cm": 12, "50 x 50 cm": 15}, _LINENS),
    ),
}


def products() -> tuple[Product, ...]:
    """Every product, in catalogue order: ids and titles are unique and never depend on a seed."""
    return tuple(item for category in CATEGORIES for item in _category_products(category))


def _category_products(category: Category) -> list[Product]:
    choices = [
        (line, variant, option)
        for line in LINES[category.name]
        for variant, option in combinations(line.variants, line.options)
    ]
    return [
        Product(
            item_id=f"{category.code}-{number}",
            title=f"{line.name} {variant}, {option}",
            line=line.name,
            category=category.name,
            price=_price(line.variants[variant], line.options.index(option)),
        )
        for number, (line, variant, option) in enumerate(choices, start=1001)
    ]


def _price(base: float, option_index: int) -> float:
    """Rounded to the next half of the currency less a hundredth, as shops do."""
    return round(base * (1 + _OPTION_SURCHARGE * option_index) * 2) / 2 - 0.01
