"""A small client of Listenpost for Python tests: standard library only."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("LISTENPOST_URL", "http://127.0.0.1:8080")
TOKEN = os.environ.get("LISTENPOST_TOKEN")


class Problem(Exception):
    """What the service answers when it refuses: `code` is stable, e.g. port_in_use."""

    def __init__(self, document):
        super().__init__(f"{document['status']} {document['code']}: {document['detail']}")
        self.code = document["code"]
        self.document = document


def request(method, path, body=None, **query):
    """One request; the JSON of the answer, or None."""
    data = None if body is None else json.dumps(body).encode()
    url = f"{URL}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
    call = urllib.request.Request(url, data=data, method=method)
    if data is not None:
        call.add_header("content-type", "application/json")
    if TOKEN is not None:
        call.add_header("authorization", f"Bearer {TOKEN}")
    try:
        with urllib.request.urlopen(call, timeout=90) as answer:
            text = answer.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        raise Problem(json.load(error)) from None


class Listener:
    """A listener that goes when the `with` block ends."""

    def __init__(self, protocol, **spec):
        made = request("POST", "/v1/listeners", {"protocol": protocol, "ttl": "10m", **spec})
        self.path = f"/v1/listeners/{made['id']}"
        self.host, self.port = made["address"]["host"], made["address"]["port"]
        self.after = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        request("DELETE", self.path)

    def wait(self, count=1, timeout="5s", **filters):
        """Waits for messages after those that were waited for before; fails with what came instead."""
        query = {"after": self.after, "wait": timeout, "count": count, "limit": count, **filters}
        page = request("GET", f"{self.path}/messages", **query)
        if not page["satisfied"]:
            last = request("GET", f"{self.path}/messages", order="desc", limit=5, payload="text")["items"]
            raise AssertionError(f"wanted {count} with {filters}, got {page['matched']}; "
                                 f"near: {page['nearMisses']}; last: {last}")
        self.after = page["items"][-1]["seq"]
        return page["items"]

    def messages(self, **filters):
        """The messages that are there, up to 1,000."""
        return request("GET", f"{self.path}/messages", limit=1000, **filters)["items"]
