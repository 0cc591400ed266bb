"""The media types that are read and answered."""

JSON = "application/json"
NDJSON = "application/x-ndjson"
HTML = "text/html; charset=utf-8"
PROBLEM_TYPE = "application/problem+json"
