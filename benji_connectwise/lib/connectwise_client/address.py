"""Addresses: reducing what a person types to an origin, and what may be reached."""

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
    """Reduce a typed address to scheme, host and, unless it is the default, port.

    ``text``: a region code (``na``, see ``REGIONS``), a host, or any URL of the
    tenant; anything after the host is dropped. A bare host means https. Hosts of the
    ConnectWise cloud become their API hosts.

    ``local_hosts``: ``host:port`` entries that may be reached over plain http.

    Raises :class:`AddressError`, whose text never contains a password that was pasted
    with the address.
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
    """Do the same, without checking whether the origin may be reached.

    Raises :class:`AddressError` if it is not an address.
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
    netloc = f"[{host}]" if ":" in host else host
    if port not in (None, DEFAULT_PORTS[parts.scheme]):
        netloc = f"{netloc}:{port}"
    return f"{parts.scheme}://{netloc}"


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
    """Return a key that identifies the tenant, however the address was typed.

    Record ids and API keys are valid within one tenant only.
    """
    try:
        origin = read_origin(address)
    except AddressError:
        origin = address.strip()
    return f"{company_login_id.strip().casefold()}@{origin}"


def get_tenant_origin(tenant: str) -> str:
    """Return the origin of a tenant, as `identify_tenant` returned it."""
    _login, _at, origin = tenant.rpartition("@")
    return origin


def is_kept_private(origin: str) -> bool:
    """Tell whether nobody on the way can read what is sent to an origin.

    This is so over https, and within the local network: at a private IP address, or at
    a host name without a dot, which cannot be public.
    """
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return True
    return not is_public(host) if _is_ip(host) else "." not in host


def private_address(host: str) -> AddressError:
    """Return the error for a host that may not be reached."""
    return AddressError(
        f"{host} is not at a public address", reason="private", host=host
    )


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a zone ("fe80::1%eth0") does not belong in a URL


def is_public(address: str) -> bool:
    """Tell whether an IP address, as the resolver writes it, is on the public internet.

    An IPv4 address inside an IPv6 address is judged as IPv4.
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
