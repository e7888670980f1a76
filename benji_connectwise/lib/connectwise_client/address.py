"""Addresses: what a person pastes, reduced to an origin, and which may be reached."""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from . import const
from .errors import AddressError

DEFAULT_PORTS = {"http": 80, "https": 443}

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
# RFC 6052: an IPv4 address, translated by the network.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def normalise_address(text: str, local_hosts: Collection[str] = ()) -> str:
    """Reduce what a person pasted to scheme, host and port (unless the usual one).

    ``text``: a region code (``na``, see ``REGIONS``), a host, or any URL of the
    tenant; what follows the host is dropped. A bare host means https. Hosts of the
    ConnectWise cloud become their API hosts.

    ``local_hosts``: ``host:port`` entries that may be reached over plain http.

    Raises :class:`AddressError`, whose text never repeats a password pasted along.
    """
    origin = read_origin(text)
    if is_local(origin, local_hosts):
        return origin
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if parts.scheme == "http":
        raise AddressError(
            f"{parts.netloc}: only https is allowed", reason="plain_http", host=host
        )
    if _is_ip(host) and not is_public(host):
        raise private_address(host)
    return origin


def read_origin(text: str) -> str:
    """Do the same, without regard to whether it may be asked anything.

    Raises :class:`AddressError` if it is no address.
    """
    text = text.strip().lower()
    if not text:
        raise AddressError("The address is empty", reason="empty")
    if text in const.REGIONS:
        return f"https://{const.REGIONS[text]}"
    if re.search(r"[\s\\\x00-\x1f\x7f]", text):
        raise AddressError("This is not an address", reason="malformed")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        port = parts.port
    except ValueError:
        # A malformed port can hide behind a password: look for that first.
        reason = "userinfo" if "@" in text else "malformed"
        raise AddressError("This is not an address", reason=reason) from None
    if "@" in parts.netloc:
        raise AddressError(
            "The address must not contain a name or password", reason="userinfo"
        )
    if parts.scheme not in DEFAULT_PORTS:
        raise AddressError("Only https is allowed", reason="scheme")
    host = (parts.hostname or "").removesuffix(".")
    if port == 0 or not (_HOST_NAME.fullmatch(host) or _is_ip(host)):
        raise AddressError("This is not an address", reason="malformed")
    host = const.API_HOST_BY_USER_HOST.get(host, host)
    place = f"[{host}]" if ":" in host else host
    if port not in (None, DEFAULT_PORTS[parts.scheme]):
        place = f"{place}:{port}"
    return f"{parts.scheme}://{place}"


def is_local(origin: str, local_hosts: Collection[str]) -> bool:
    """Tell whether ``host:port`` of an origin is in the list (case does not matter)."""
    parts = urlsplit(origin)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    host = parts.netloc.removesuffix(f":{port}")
    return f"{host}:{port}" in {entry.strip().lower() for entry in local_hosts}


def is_cloud(origin: str) -> bool:
    """Tell whether an origin belongs to the ConnectWise cloud."""
    return urlsplit(origin).hostname in const.CLOUD_HOSTS


def identify_tenant(address: str, company_login_id: str) -> str:
    """Return a key for the ConnectWise that this is, however the address was typed.

    Record ids and API keys mean something within one tenant only.
    """
    try:
        origin = read_origin(address)
    except AddressError:
        origin = address.strip()
    return f"{company_login_id.strip().casefold()}@{origin}"


def is_kept_private(origin: str) -> bool:
    """Tell whether nobody on the way can read what an origin is sent.

    Over https, or without leaving the own network: to a private IP address, or a host
    name without a dot, which is none of the public net.
    """
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return True
    return not is_public(host) if _is_ip(host) else "." not in host


def private_address(host: str) -> AddressError:
    """Make the error for a host that may not be reached."""
    return AddressError(
        f"{host} is not at a public address", reason="private", host=host
    )


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a zone ("fe80::1%eth0") has no place in a URL


def is_public(address: str) -> bool:
    """Tell whether an IP address, as the resolver writes it, is on the public net.

    IPv4 addresses wrapped into IPv6 count as what they wrap.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip in _NAT64:
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip.sixtofour is not None or ip.teredo is not None or ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)
