"""Calls from ConnectWise, and which to trust. Pure, apart from fetching the key.

ConnectWise posts signed JSON when a record changes (developer guide). The body contains
the address of the signing key. Until the signature is verified, the call may come from
anybody, so these steps are taken in the order in which they stand here.
"""

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from . import const
from .address import is_local, normalise_address, read_origin
from .errors import AddressError, BadAnswerError, ConnectWiseError, UnprovenError
from .protocol import Answer, parse_json
from .session import Runtime
from .transport import Call, Transport

# Only characters that every library reads in the same way.
_KEY_URL = re.compile(r"https?://[\w.:\[\]-]+(/[\w./-]*)\?[\w.~%+=&-]*", re.ASCII)


@dataclass(frozen=True)
class Notice:
    """The content of a call: a record of this kind was added, changed or deleted."""

    kind: str
    ref: int
    message_id: str
    key_url: str


def read_notice(body: bytes, company_login_id: str) -> Notice:
    """Read the body of a call that claims to be from a company's ConnectWise.

    Raises :class:`UnprovenError` if it is too large, is not a call, or names another
    company.
    """
    if len(body) > const.MAX_CALL_BYTES:
        raise UnprovenError("too large")
    data = _parse(body)
    metadata = data.get("Metadata")
    if not isinstance(metadata, dict):
        raise UnprovenError("not a call")
    kind, ref = _text(data, "Type").lower(), data.get("ID")
    if kind not in const.CALLBACK_KINDS:
        raise UnprovenError("of a kind that nobody asked for")
    if type(ref) is not int or not 0 < ref <= const.MAX_ID:
        raise UnprovenError("no id")
    message_id = _text(data, "MessageId")
    if not re.fullmatch(r"[\w.:-]{1,100}", message_id, re.ASCII):
        raise UnprovenError("no message id")
    if not _is_same(_text(data, "CompanyId"), company_login_id):
        raise UnprovenError("about another company")
    return Notice(kind, ref, message_id, _text(metadata, "key_url"))


def _parse(body: bytes) -> Mapping[str, object]:
    try:
        data = parse_json(Answer(200, {}, body), "")
    except BadAnswerError as error:
        raise UnprovenError(error.reason) from None
    if not isinstance(data, dict):
        raise UnprovenError("not an object")
    return data


def _text(data: Mapping[str, object], name: str) -> str:
    text = data.get(name)
    if not (isinstance(text, str) and text):
        raise UnprovenError(f"no {name}")
    return text


def check_key_url(
    url: str,
    address: str,
    company_login_id: str,
    local_hosts: Collection[str] = (),
) -> None:
    """Raise :class:`UnprovenError` unless a signing key may be fetched from there.

    The host must be the configured ConnectWise's: that of its API, the one that people
    use, or the one that was typed. The URL must use https and the default port, unless
    ``local_hosts`` lists the configured host.
    """
    shape = _KEY_URL.fullmatch(url) if len(url) <= const.MAX_URL_LENGTH else None
    if shape is None or not shape[1].endswith(const.CALLBACK_KEY_PATH):
        raise UnprovenError("not an address of a key")
    if ".." in shape[1]:
        raise UnprovenError("an address that leads elsewhere")
    if url.partition("?")[0].removesuffix(shape[1]) not in _key_origins(
        address, local_hosts
    ):
        raise UnprovenError("a key of another host")
    companies = parse_qs(urlsplit(url).query).get("companyName", [])
    if len(companies) != 1 or not _is_same(companies[0], company_login_id):
        raise UnprovenError("the key of another company")


def _key_origins(address: str, local_hosts: Collection[str]) -> set[str]:
    try:
        origin = normalise_address(address, local_hosts)
    except AddressError as error:
        raise UnprovenError(str(error)) from None
    if is_local(origin, local_hosts):
        return {origin}
    host = urlsplit(origin).netloc
    hosts = {host, const.USER_HOST_BY_API_HOST.get(host, host)}
    typed = address.strip().lower()
    if typed not in const.REGIONS:
        typed = typed if "://" in typed else f"https://{typed}"
        hosts.add(urlsplit(typed).netloc)
    # A host with a port does not use the default one.
    return {f"https://{host}" for host in hosts if ":" not in host}


def is_signed(body: bytes, signature: str, signing_key: str) -> bool:
    """Tell whether ``signature``, a header, signs the body as it was received.

    A signature is the base64 of an HMAC-SHA256 whose key is the SHA-256 of the signing
    key (developer guide). It is compared in constant time.
    """
    key = hashlib.sha256(signing_key.encode()).digest()
    digest = hmac.new(key, body, hashlib.sha256).digest()
    return hmac.compare_digest(
        base64.b64encode(digest), signature.strip().encode("utf-8", "replace")
    )


def _is_same(company: str, company_login_id: str) -> bool:
    return company.strip().casefold() == company_login_id.strip().casefold()


class SigningKeys:
    """The signing keys of one ConnectWise, cached by URL.

    Only a few are fetched per minute, however many calls arrive, and no call waits for
    the fetch of another: ConnectWise repeats a call that was not answered with success.
    """

    def __init__(
        self, local_hosts: Collection[str] = (), runtime: Runtime | None = None
    ) -> None:
        self._local_hosts = frozenset(local_hosts)
        self._runtime = runtime or Runtime()
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[float, str]] = {}
        self._asked: list[float] = []

    def find(self, url: str) -> str:
        """Return the key at an address that :func:`check_key_url` allowed.

        Raises :class:`UnprovenError` if there is none, or it may not be fetched now.
        """
        if not self._lock.acquire(blocking=False):
            raise UnprovenError("another key is being fetched")
        try:
            now = self._runtime.clock()
            self._keys = {
                known: (until, key)
                for known, (until, key) in self._keys.items()
                if until > now
            }
            if url not in self._keys:
                self._asked = [time for time in self._asked if time > now - 60]
                if len(self._asked) >= const.KEYS_A_MINUTE:
                    raise UnprovenError("too many keys were fetched")
                self._asked.append(now)
                self._keys[url] = (now + const.SECONDS_OF_KEY, self._fetch(url))
            return self._keys[url][1]
        finally:
            self._lock.release()

    def _fetch(self, url: str) -> str:
        origin = read_origin(url)
        transport = Transport(
            is_local(origin, self._local_hosts),
            self._runtime.resolve,
            self._runtime.ca_bundle,
        )
        seconds = const.SECONDS_FOR_KEY
        call = Call(url, seconds, seconds, const.MAX_KEY_BYTES)
        try:
            # Without the API keys, which ConnectWise does not require here.
            answer = transport.send(call, {"Accept": "application/json"})
        except ConnectWiseError as error:
            raise UnprovenError(f"the key was not fetched: {error}") from None
        finally:
            transport.close()
        if answer.status != 200:
            raise UnprovenError(f"the key was answered with HTTP {answer.status}")
        return _text(_parse(answer.body), "signing_key")
