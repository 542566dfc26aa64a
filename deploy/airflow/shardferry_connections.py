"""Airflow Connections as the URLs that shardferry takes (docs/reference/connections.md), everything percent-encoded.

| Connection | becomes |
|---|---|
| type `mssql`, `odbc` or `generic`, id for example `shardferry_source` | `mssql://login:password@host:port/schema?key=value` |
| type `postgres` or `generic`, id for example `shardferry_target` | `postgres://login:password@host:port/schema?key=value` |

The keys come from the field Extra, a JSON object: those of docs/reference/connections.md. Others, which Airflow's own hooks use, are
left out, and a warning names them. No error and no log line shows a value.
"""

from __future__ import annotations

import ipaddress
import logging
from typing import Any
from urllib.parse import quote

log = logging.getLogger(__name__)

#: `generic` is there without any provider.
SOURCE_TYPES = ("mssql", "odbc", "generic")
TARGET_TYPES = ("postgres", "postgresql", "generic")
#: Keys of the source's URL, as they are compared: no case, blanks, `_` or `-`.
SOURCE_KEYS = frozenset((
    "instance instancename encrypt encryption trustservercertificate trustcert servercertificate cafile certificate "
    "hostnameincertificate packetsize connecttimeout connectiontimeout timeout logintimeout readtimeout sockettimeout "
    "applicationname app appname applicationintent integratedsecurity trustedconnection authentication").split())
TARGET_KEYS = frozenset((
    "hostaddr sslmode sslrootcert sslnegotiation channel_binding connect_timeout tcp_user_timeout keepalives "
    "keepalives_idle keepalives_interval keepalives_count target_session_attrs load_balance_hosts application_name options "
    # Refused by shardferry, with a reason, rather than silently left out here.
    "sslcert sslkey sslpassword sslcrl passfile service krbsrvname require_auth gssencmode").split())


class Unusable(ValueError):
    """A Connection that cannot be made a URL; says why, without any value of it."""


def source_url(connection: Any) -> str:
    """`mssql://…` of a Connection to SQL Server."""
    _check(connection, SOURCE_TYPES, ("host", "login", "schema"))
    host, extra = connection.host, _extra(connection)
    if "\\" in host:  # host\instance
        host, _, instance = host.partition("\\")
        extra.setdefault("instance", instance)
    query = _query(connection, extra, SOURCE_KEYS, lambda key: "".join(c for c in key.lower() if c not in " _-"))
    return f"mssql://{_authority(connection, host)}/{_encoded(connection.schema)}{query}"


def target_url(connection: Any) -> str:
    """`postgres://…` of a Connection to PostgreSQL."""
    _check(connection, TARGET_TYPES, ("host", "login", "schema"))
    query = _query(connection, _extra(connection), TARGET_KEYS, str.lower)
    return f"postgres://{_authority(connection, connection.host)}/{_encoded(connection.schema)}{query}"


def _check(connection: Any, types: tuple[str, ...], fields: tuple[str, ...]) -> None:
    name = connection.conn_id
    if connection.conn_type not in types:
        raise Unusable(f"Connection {name}: its type is {connection.conn_type!r}, not {' or '.join(types)}")
    missing = [field for field in fields if not getattr(connection, field)]
    if missing:
        raise Unusable(f"Connection {name}: without {', '.join(missing)} (schema is the database)")


def _extra(connection: Any) -> dict[str, Any]:
    return dict(connection.extra_dejson or {})


def _authority(connection: Any, host: str) -> str:
    login = _encoded(connection.login)
    password = f":{_encoded(connection.password)}" if connection.password is not None else ""
    place = f"[{host}]" if _is_v6(host) else quote(host, safe="[]:.,-")
    return f"{login}{password}@{place}{f':{connection.port}' if connection.port else ''}"


def _is_v6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _query(connection: Any, extra: dict[str, Any], known: frozenset[str], plain: Any) -> str:
    taken = {key: value for key, value in extra.items() if plain(key) in known and value not in (None, "")}
    left = sorted(set(extra) - set(taken))
    if left:
        log.warning("Connection %s: shardferry does not know these keys of Extra: %s", connection.conn_id, ", ".join(left))
    pairs = "&".join(f"{_encoded(key)}={_encoded(_text(value))}" for key, value in taken.items())
    return f"?{pairs}" if pairs else ""


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _encoded(text: str) -> str:
    return quote(text, safe="")
