"""What a browser shows where an API key is needed: how to get in. JSON would tell its reader little."""

import shlex
from html import escape
from http import HTTPStatus
from typing import Any

# Nothing is loaded, sent or framed.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Aisle</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 0 auto; padding: 1.5rem }}
h1 {{ font-size: 1.5rem }}
h2 {{ font-size: 1.1rem; margin-top: 2rem }}
pre {{ padding: .75rem; border: 1px solid; border-radius: .25rem; white-space: pre-wrap; overflow-wrap: anywhere }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{detail}. <code>{path}</code> is for API keys with the scope <code>{scope}</code>, and a browser sends none by
itself.</p>
<h2>With a key</h2>
<pre><code>curl -H "Authorization: Bearer $KEY" {url}</code></pre>
<p>Where a proxy stands before the service, take the address that the browser shows. Add <code>-o page.html</code> to
keep a page, such as the report, and open it. <a href="{docs}">The API's
documentation</a> needs no key: once it has yours (“Authorize”), it sends requests with it.</p>
<h2>Without one</h2>
<p>Who runs the service makes one where it runs, with <code>API_KEYS_FILE</code> set as for the service:</p>
<pre><code>python -m service keys create --name NAME --scope {scope}</code></pre>
<p><small>Status {status}, request <code>{request_id}</code></small></p>
</body>
</html>
"""


def access_page(status: HTTPStatus, detail: str, scope: str, request_id: str, environ: dict[str, Any]) -> str:
    """The page for a request that was refused with `status`, 401 or 403, for want of a key with `scope`."""
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
    below: str = environ["PATH_INFO"]
    path = environ["SCRIPT_NAME"] + below
    texts = {
        "title": "An API key is needed" if status is HTTPStatus.UNAUTHORIZED else "This API key is not for this",
        "detail": detail[0].upper() + detail[1:],
        "path": path,
        "scope": scope,
        "url": shlex.quote(f"{environ['wsgi.url_scheme']}://{host}{path}{query}"),
        "docs": "../" * (below.count("/") - 1) + "docs/",  # relative: a proxy may have put the service below a path
        "status": str(status.value),
        "request_id": request_id,
    }
    return _PAGE.format(**{name: escape(text) for name, text in texts.items()})
