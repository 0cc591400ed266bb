"""Bounds on what a client may send, with their units, beside those of `artifacts.shared_limits`.

Beyond them the answer is a 4xx.
"""

MAX_BODY_BYTES = 1024 * 1024
MAX_EVENTS_BODY_BYTES = 4 * 1024 * 1024
MAX_ITEMS_BODY_BYTES = 64 * 1024 * 1024
MAX_BATCH_BODY_BYTES = 16 * 1024 * 1024  # 10,000 ids of 256 characters, most of them four bytes long in UTF-8

MAX_CATEGORY_CHARACTERS = 256
MAX_REQUEST_ID_CHARACTERS = 128

MAX_EXCLUDED_IN_URL = 100
MAX_EXCLUDED_IN_BODY = 1_000
MAX_CATEGORIES = 20
MAX_RECENT_ITEMS = 200  # each is a row of the fold-in's linear system
MAX_BASKET_ITEMS = 200
MAX_RANKED_ITEMS = 1_000
MAX_BATCH_USERS = 10_000

MAX_EVENTS = 1_000
MAX_EVENT_AGE_DAYS = 30  # older ones belong in the training data; less than events are kept, so that none counts twice
MAX_EVENT_AHEAD_SECONDS = 300  # how far the shop's clock may be ahead of this one
MAX_QUANTITY = 1_000_000
MAX_PRICE = 1_000_000_000_000
MAX_TITLE_CHARACTERS = 1_000
MAX_ADDRESS_CHARACTERS = 2_048  # of a web address
MAX_EVENT_PROBLEMS = 10  # named of one event, or of one line of items
MAX_LINES_NAMED = 1_000  # lines of items whose problems are named in one answer

MAX_QUERY_FIELDS = 1_000  # name=value pairs in a URL
MAX_URL_BYTES = 8190  # the most gunicorn can be told to take
MAX_PROBLEMS = 100  # fields named in one error answer
MAX_ECHOED_CHARACTERS = 100  # of a refused value

RETRY_BUSY_SECONDS = 1
RETRY_NO_MODEL_SECONDS = 5
RETRY_LIVE_SECONDS = 2
WRITER_SECONDS = 0.5  # how long a write waits for its turn while half of the threads write
STALL_SECONDS = 30  # how long a client may send no byte of a body, or take none of its answer
