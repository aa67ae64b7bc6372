"""Shows a URL without the user's secrets, even if it is malformed."""

from __future__ import annotations

import re

_SCHEMES = "redis|rediss|unix|http|https|ws|wss"
_PARTS = re.compile(rf"(?P<scheme>{_SCHEMES})://(?P<authority>[^/?#]*)(?P<tail>.*)")
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])"
_PLACE = re.compile(rf"{_HOST}(?::(?P<port>[0-9]{{1,5}}))?")
_SECRET = re.compile(r"[^\[\]\\\s\x00-\x1f]*")
_USER = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_PATHS = {
    "redis": re.compile(r"/?[0-9]{0,5}"),
    "rediss": re.compile(r"/?[0-9]{0,5}"),
    "unix": re.compile(r"/[^\x00-\x1f]+"),
}
_PATH = re.compile(r"(?:/[A-Za-z0-9._~%+:,=-]*)*")
_OPTIONS = frozenset(
    {"db", "username", "password", "protocol", "client_name", "timeout", "max_connections"}
    | {"health_check_interval", "retry_on_timeout", "socket_timeout", "socket_connect_timeout"}
    | {"ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_password"}
    | {"ssl_check_hostname"}
)
"""Known query options; any other word in a query may be part of a password."""

MOST_CHARS = 2000
"""Of a URL that is looked at, to be shown."""


def shown_url(url: str) -> str | None:
    """The URL with stars for its password and the values of its query; None where that is unsafe.

    A secret whose `#`, `/`, `?`, `@` or `:` is not percent-encoded runs over into the other parts
    of a URL. So only what has exactly the form of a URL is shown, part by part; where one part
    has not, nobody can say what of it is secret, and nothing is shown.
    """
    found = _PARTS.fullmatch(url) if len(url) <= MOST_CHARS else None
    if found is None:
        return None
    scheme, authority, tail = found["scheme"], found["authority"], found["tail"]
    secret, at, place = authority.rpartition("@")
    path, asks, query = tail.partition("?")
    if "@" in tail or "#" in tail or not _SECRET.fullmatch(secret):
        return None
    if not _PATHS.get(scheme, _PATH).fullmatch(path):
        return None
    if scheme == "unix":
        if place:  # a path without its first slash; or a host, which a socket has not
            return None
    elif authority or scheme not in _PATHS:  # a Redis without a host is this machine's
        known = _PLACE.fullmatch(place)
        if known is None or int(known["port"] or 0) > 65535:
            return None
    return f"{scheme}://{_shown_user(secret)}{at}{place}{path}{asks}{_shown_query(query)}"


def _shown_user(secret: str) -> str:
    """The part before the `@`: a user name only where it surely is one."""
    user, colon, _ = secret.partition(":")
    if not secret:
        return ""
    certain = colon and (not user or secret.count(":") == 1) and _USER.fullmatch(user)
    return f"{user}:***" if certain else "***"


def _shown_query(query: str) -> str:
    names = [pair.partition("=")[0] for pair in query.split("&")] if query else []
    return "&".join(f"{name if name in _OPTIONS else '***'}=***" for name in names)
