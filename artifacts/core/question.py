"""What the compiled code is asked, as it reads it: places of eight bytes each."""

# Whole numbers, then two float64, then a table of arrays, each with its address, its length, and 1.
(
    OWN_ALLOWED,
    IN_STOCK,
    HAS_MIN_PRICE,
    HAS_MAX_PRICE,
    FOLDED,
    USER_INDEX,
    MIN_PRICE,
    MAX_PRICE,
    TABLE,
) = range(9)
# Places in the table. From RECENT to LAST they count where FOLDED is 1: the user's state is then what they say, and
# not what the version has for USER_ID.
(
    USER_ID,
    WANTED,
    EXCLUDED,
    RECENT,
    ITEMS,
    STRENGTH,
    BOUGHT_ITEMS,
    BOUGHT_STRENGTH,
    TIMES_BOUGHT,
    FREQUENCY,
    FIRST,
    LAST,
    PICKED_ITEMS,
    PICKED_SCORES,
    PICKED_SOURCES,
) = range(15)
FORMAT = "=6q2d45q"
N_NUMBERS = TABLE + 3 * 15
NOT_ANSWERED = -1  # the queries answer: the user is not known, or shows no tastes
