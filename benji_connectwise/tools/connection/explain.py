"""Sentences for people about ConnectWise's failures; all are made here."""

from odoo.tools import format_datetime

from ...lib.connectwise_client import (
    AddressError,
    AmbiguousNumberError,
    BadAnswerError,
    ClientIdError,
    ConnectWiseError,
    CredentialsError,
    DeadlineError,
    InvalidPdfError,
    MissingRightError,
    NetworkError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UnknownCompanyError,
    UnqueryableError,
)
from ...lib.connectwise_client.const import CALLBACKS
from ..invoice_pdf.file_store import StorageError
from .encryption import SecretKeyError

FIELD_TO_CORRECT = {
    AddressError: "server_url",
    UnknownCompanyError: "company_login_id",
    CredentialsError: "public_key",
    SecretKeyError: "private_key",
    ClientIdError: "client_id",
}
"""Which field of the connection to correct after a failure, by the error's class."""


def field_to_correct(error):
    """Return the name of the connection's field to correct, or False."""
    return FIELD_TO_CORRECT.get(type(error), False)


def explain(env, error):
    """Say what happened and what to do about it, in the language of `env`.

    :param error: a ConnectWiseError
    :return: str, one or two sentences
    """
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return sentence(env, error)
    return env._("Odoo could not use ConnectWise's answer: %s", error)


_REMEMBERED = ("reason", "right", "company_login_id", "value")
"""The values of an error that the sentences below need, beside its class."""


def serialize_error(error):
    """Return an error as a Json field holds it, to be explained later.

    :param error: a ConnectWiseError
    :return: dict, for `explain_stored`
    """
    values = {name: getattr(error, name, "") for name in _REMEMBERED}
    values = {name: value for name, value in values.items() if value}
    return {"kind": type(error).__name__, "text": str(error), **values}


def explain_stored(env, stored):
    """Say what happened and what to do about it, in the language of `env`.

    :param stored: what `serialize_error` returned; may be empty
    :return: str as of `explain`, or False for nothing
    """
    if not stored:
        return False
    if stored.get("kind") in _OWN_SENTENCES:
        return _OWN_SENTENCES[stored["kind"]](env, stored)
    values = {name: stored[name] for name in _REMEMBERED if name in stored}
    kind = _find_kind(stored.get("kind"), ConnectWiseError) or ConnectWiseError
    return explain(env, kind(stored.get("text", ""), **values))


def _find_kind(name, base):
    if base.__name__ == name:
        return base
    found = (_find_kind(name, kind) for kind in base.__subclasses__())
    return next(filter(None, found), None)


def _address(env, error):
    _ = env._
    sentences = {
        "empty": _("Enter the address of your ConnectWise."),
        "userinfo": _("The address must not contain a user name or password."),
        "plain_http": _("The address must start with https."),
        "private": _(
            "This address is not on the public internet. Your Odoo administrator can"
            " allow it with the setting BENJI_CONNECTWISE_LOCAL_HOSTS."
        ),
        "tls": _(
            "The server at this address has no valid certificate, so your keys would"
            " not be safe there."
        ),
        "redirect": _("This address redirects to another one. Enter that one instead."),
        "malformed": _("This is not an address. Example: na.myconnectwise.net"),
        "scheme": _("This is not an address. Example: na.myconnectwise.net"),
    }
    return sentences.get(error.reason) or _(
        "No ConnectWise PSA answers at this address. Please check it."
    )


def _network(env, error):
    _ = env._
    if error.reason == "dns":
        return _("The address of your ConnectWise was not found on the internet.")
    if error.reason == "timeout":
        return _("ConnectWise did not answer in time.")
    return _("ConnectWise could not be reached, or the connection was interrupted.")


def _pdf(env, error):
    _ = env._
    sentences = {
        "empty": _("ConnectWise sent an empty file instead of a PDF."),
        "too_large": _("ConnectWise's PDF is too large."),
        "bomb": _("ConnectWise's PDF is too large when it is unpacked."),
        "too_slow": _(
            "ConnectWise's PDF takes too long to check. Odoo will try again in the"
            " background."
        ),
        "encrypted": _(
            "ConnectWise's PDF is password-protected, so it cannot be used."
        ),
        "unmergeable": _("ConnectWise's PDF is damaged, so it cannot be used."),
        "no_end": _("ConnectWise's PDF is incomplete."),
        "no_startxref": _("ConnectWise's PDF is incomplete."),
    }
    return sentences.get(error.reason) or _(
        "ConnectWise sent a file that is not a PDF."
    )


def _storage(env, error):
    if error.reason == "full":
        return env._(
            "The PDF could not be stored because the Odoo server's disk is full. Odoo"
            " will try again in the background."
        )
    return env._(
        "The PDF could not be stored on the Odoo server. Odoo will try again in the"
        " background."
    )


def _credentials(env, error):
    _ = env._
    if error.reason == "missing":
        return _(
            "The Public Key or the Private Key is missing. Enter both under"
            " Integrations ▸ Configure."
        )
    if error.reason == "moved":
        return _(
            "The Private Key was saved for another address or Company Login ID, so it"
            " is not used for this one. Enter it again under Integrations ▸ Configure."
        )
    return _(
        "ConnectWise does not accept the Public and Private Key. Please create a new"
        " API key in ConnectWise and enter it."
    )


def _secret_key(env, error):
    _ = env._
    sentences = {
        "malformed": _(
            "The Private Key cannot be saved or read because the server's setting"
            " BENJI_CONNECTWISE_SECRET_KEY is not a Fernet key. Your Odoo administrator"
            " can correct it."
        ),
        "encrypted": _(
            "This is a Private Key as Odoo stores it, and not the key itself. Please"
            " copy the Private Key from ConnectWise."
        ),
    }
    return sentences.get(error.reason) or _(
        "The saved Private Key cannot be read: it was encrypted with a different"
        " BENJI_CONNECTWISE_SECRET_KEY. Please enter the Private Key again, or ask your"
        " Odoo administrator to restore that setting."
    )


def _bad_answer(env, error):
    if error.reason == "too_large":
        return env._("ConnectWise's answer is too large.")
    return env._(
        "The server at this address did not answer as ConnectWise does. Please check"
        " the address, or try again later."
    )


def _missing_right(env, error):
    if error.right == CALLBACKS.right:
        return env._(
            "The security role of the API member lacks the permission to register"
            " callbacks (%s). ConnectWise does not say which one that is: ask its"
            " administrator.",
            error.right,
        )
    return env._(
        "The security role of the API member lacks the permission “%s”, Inquire: All.",
        error.right,
    )


_SENTENCES = {
    AddressError: _address,
    NetworkError: _network,
    InvalidPdfError: _pdf,
    StorageError: _storage,
    UnknownCompanyError: lambda env, error: env._(
        "ConnectWise does not know the Company Login ID “%s”.", error.company_login_id
    ),
    CredentialsError: _credentials,
    SecretKeyError: _secret_key,
    ClientIdError: lambda env, error: env._(
        "The Client ID is missing, or ConnectWise does not accept it. Get one at"
        " developer.connectwise.com."
    ),
    MissingRightError: _missing_right,
    RateLimitError: lambda env, error: env._(
        "ConnectWise received too many requests. Odoo will try again."
    ),
    DeadlineError: lambda env, error: env._("ConnectWise did not answer in time."),
    ServerError: lambda env, error: env._(
        "ConnectWise reported an internal error. Odoo will try again."
    ),
    BadAnswerError: _bad_answer,
    UnqueryableError: lambda env, error: env._(
        "Odoo cannot search ConnectWise for the number “%s”.", error.value
    ),
    AmbiguousNumberError: lambda env, error: env._(
        "ConnectWise has too many invoices with the number “%s”.", error.value
    ),
    NotFoundError: lambda env, error: env._("This no longer exists in ConnectWise."),
}

_OWN_SENTENCES = {
    "mass_loss": lambda env, stored: env._(
        "%(lost)s of %(all)s connected companies are missing in ConnectWise's answer."
        " Nothing was changed. Please check ConnectWise and the API member's"
        " permissions.",
        lost=stored["lost"],
        all=stored["all"],
    ),
    "another_connectwise": lambda env, stored: env._(
        "Another ConnectWise was connected in the meantime, so this synchronization was"
        " stopped. The next one reads everything."
    ),
    "not_public": lambda env, stored: env._(
        "ConnectWise can only call an address on the public internet that starts with"
        " https, and the address of this Odoo is “%s” (system parameter web.base.url).",
        stored["url"],
    ),
    "unexpected": lambda env, stored: env._(
        "The synchronization stopped because of an unexpected error. Your Odoo"
        " administrator can find it in the log."
    ),
}
"""Failures that are not ConnectWise's, by their `kind`."""


def describe_error(backend):
    """Say what is wrong with a connection, and since when.

    :return: str, or False
    """
    env = backend.env
    since = backend.failing_since if backend.failure else backend.sync_failing_since
    if not (backend.last_error and since):
        return backend.last_error
    return env._(
        "%(error)s Failing since %(time)s.",
        error=backend.last_error,
        time=format_datetime(env, since, dt_format="short"),
    )
