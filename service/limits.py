"""Bounds on what a client may send, with their units, beside those of `artifacts.shared_limits`.

Beyond them the answer is a 4xx.
"""

MAX_BODY_BYTES = 1024 * 1024
MAX_EVENTS_BODY_BYTES = 4 * 1024 * 1024
MAX_ITEMS_BODY_BYTES = 64 * 1024 * 1024
MAX_BATCH_BODY_BYTES = 16 * 1024 * 1024  # 10,000 ids of 256 characters, most of them four bytes long in UTF-8

# Names, texts, brackets and commas of a JSON body, which take longer to check than their bytes:
MAX_JSON_PARTS = 5_000
MAX_LONG_JSON_PARTS = 40_000  # of many users, or events
MAX_LINE_PARTS = 50  # of a line of items

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
MAX_TITLE_CHARACTERS = 1_000
MAX_ADDRESS_CHARACTERS = 2_048  # of a web address
MAX_EVENT_PROBLEMS = 10  # named of one event, or of one line of items
MAX_LINE_BYTES = 64 * 1024  # of a line of items
LINES_BYTES_AT_ONCE = 1024 * 1024  # of lines of items that are checked and stored together
MAX_LINES_NAMED = 1_000  # lines of items whose problems are named in one answer

MAX_QUERY_FIELDS = 1_000  # name=value pairs in a URL
MAX_URL_BYTES = 8190  # the most gunicorn can be told to take
MAX_PROBLEMS = 100  # fields named in one error answer
MAX_ECHOED_CHARACTERS = 100  # of a refused value

RETRY_BUSY_SECONDS = 1
RETRY_NO_MODEL_SECONDS = 5
RETRY_LIVE_SECONDS = 2
RETRY_KEYS_SECONDS = 2
WRITER_SECONDS = 0.5  # how long a write waits for its turn while half of the threads write

# How a client's pace is bounded. Seconds:
HEAD_SECONDS = 5  # from a request's first byte to the end of its head
BODY_SECONDS = 5  # for a body, and longer by its size
MAX_BODY_SECONDS = 30
QUEUED_SECONDS = 30  # a large body may wait until others are done
ANSWER_SECONDS = 30  # for taking an answer, and longer by its size
KEEPALIVE_SECONDS = 75  # for an idle connection; longer than the 60 of common load balancers, so that they close it
LINGER_SECONDS = 2  # after the last answer, for what is still on its way
STOP_SECONDS = 2  # idle connections of a worker that stops, for a request that may be on its way
# Bytes:
SLOWEST_BYTES_A_SECOND = 64 * 1024  # of a body, and of an answer
MAX_HEAD_BYTES = 64 * 1024  # held while its end is looked for
RECEIVE_BYTES = 64 * 1024  # at once
SMALL_BODY_BYTES = 64 * 1024  # it may come before the app was asked by the head, and is held in memory
LARGE_BODY_BYTES = 8 * 1024 * 1024  # what a body that is no small one counts as at least, which bounds their number
MAX_BODIES_BYTES = 256 * 1024 * 1024  # of a worker, in files: the next one waits
MAX_UNSENT_BYTES = 64 * 1024 * 1024  # of a worker, of answers that are not taken
# And numbers, of a worker:
MAX_LINGERING = 128  # connections: of more the oldest is closed
DESCRIPTORS_KEPT = 128  # for the version's files, the live store and bodies; and more by thread
DESCRIPTORS_A_THREAD = 4
