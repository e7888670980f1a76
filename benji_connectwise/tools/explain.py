"""Sentences for people about ConnectWise's failures, made here and nowhere else."""

from ..lib.connectwise_client import (
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
from .encryption import SecretKeyError
from .storage import StorageError

FIELD_TO_MEND = {
    AddressError: "server_url",
    UnknownCompanyError: "company_login_id",
    CredentialsError: "public_key",
    SecretKeyError: "private_key",
    ClientIdError: "client_id",
}
"""Which field of the connection mends a failure, by the error's class."""


def field_to_mend(error):
    """Return the name of the connection's field that mends `error`, or False."""
    return FIELD_TO_MEND.get(type(error), False)


def explain(env, error):
    """Say what happened and what to do about it, in the language of `env`.

    :param error: a ConnectWiseError
    :return: str, one or two sentences
    """
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return sentence(env, error)
    return env._("ConnectWise gave an answer that cannot be used: %s", error)


_REMEMBERED = ("reason", "right", "company_login_id", "value")
"""What the sentences below need of an error, beside its class."""


def error_to_facts(error):
    """Return what a Json field has to hold so that the failure can be said later.

    :param error: a ConnectWiseError
    :return: dict, for `explain_facts`
    """
    values = {name: getattr(error, name, "") for name in _REMEMBERED}
    facts = {name: value for name, value in values.items() if value}
    return {"kind": type(error).__name__, "text": str(error), **facts}


def explain_facts(env, facts):
    """Say what happened and what to do about it, in the language of `env`.

    :param facts: what `error_to_facts` returned; may be empty
    :return: str as of `explain`, or False for nothing
    """
    if not facts:
        return False
    if facts.get("kind") in _OWN_SENTENCES:
        return _OWN_SENTENCES[facts["kind"]](env, facts)
    values = {name: facts[name] for name in _REMEMBERED if name in facts}
    kind = _find_kind(facts.get("kind"), ConnectWiseError) or ConnectWiseError
    return explain(env, kind(facts.get("text", ""), **values))


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
        "plain_http": _("The address must be reached over https."),
        "private": _(
            "This address is not on the public internet. Whoever runs the Odoo server"
            " can allow it with the setting BENJI_CONNECTWISE_LOCAL_HOSTS."
        ),
        "tls": _(
            "The server at this address has no valid certificate, so it is not safe"
            " to send it your keys."
        ),
        "redirect": _("This address leads to another one. Enter that one instead."),
        "malformed": _("This is not an address. Example: na.myconnectwise.net"),
        "scheme": _("This is not an address. Example: na.myconnectwise.net"),
    }
    return sentences.get(error.reason) or _(
        "No ConnectWise PSA answers at this address. Please check it."
    )


def _network(env, error):
    _ = env._
    if error.reason == "dns":
        return _("The address of your ConnectWise could not be found on the internet.")
    if error.reason == "timeout":
        return _("ConnectWise did not answer in time.")
    return _("ConnectWise could not be reached, or the connection broke.")


def _pdf(env, error):
    _ = env._
    sentences = {
        "empty": _("ConnectWise sent an empty file instead of a PDF."),
        "too_large": _("ConnectWise's PDF is larger than what is accepted."),
        "bomb": _("ConnectWise's PDF is larger inside than what is accepted."),
        "too_slow": _(
            "ConnectWise's PDF is too large to examine it now. Odoo tries again in the"
            " background."
        ),
        "encrypted": _("ConnectWise's PDF is encrypted, so it cannot be used."),
        "unmergeable": _("ConnectWise's PDF is damaged inside, so it cannot be used."),
        "no_end": _("ConnectWise's PDF is incomplete."),
        "no_startxref": _("ConnectWise's PDF is incomplete."),
    }
    return sentences.get(error.reason) or _(
        "ConnectWise sent something that is no PDF."
    )


def _storage(env, error):
    if error.reason == "full":
        return env._(
            "The PDF could not be stored: the disk of the Odoo server is full. Odoo"
            " tries again in the background."
        )
    return env._(
        "The PDF could not be stored on the Odoo server. Odoo tries again in the"
        " background."
    )


def _credentials(env, error):
    _ = env._
    if error.reason == "missing":
        return _(
            "The Public or the Private Key is missing. Enter them under Integrations"
            " ▸ Configure."
        )
    if error.reason == "moved":
        return _(
            "The private key was saved for another address or Company Login ID, so it"
            " is not sent to this one. Enter it again under Integrations ▸ Configure."
        )
    return _(
        "ConnectWise does not accept the Public and Private Key. Please create a new"
        " API key in ConnectWise and enter it."
    )


def _secret_key(env, error):
    _ = env._
    sentences = {
        "malformed": _(
            "The private key cannot be encrypted or read: the server's setting"
            " BENJI_CONNECTWISE_SECRET_KEY is not a Fernet key. Whoever runs the Odoo"
            " server can mend that."
        ),
        "encrypted": _(
            "This is not a private key, but how one is stored. Please copy the private"
            " key from ConnectWise."
        ),
    }
    return sentences.get(error.reason) or _(
        "The saved private key cannot be read: it was encrypted with another"
        " BENJI_CONNECTWISE_SECRET_KEY than the server has. Please enter the private"
        " key again, or have whoever runs the Odoo server put that setting back."
    )


def _bad_answer(env, error):
    if error.reason == "too_large":
        return env._("ConnectWise's answer is larger than what is accepted.")
    return env._(
        "Something answered that is not ConnectWise's API. Please check the address, or"
        " try again later."
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
        "ConnectWise does not accept the Client ID, or wants one. It is registered at"
        " developer.connectwise.com."
    ),
    MissingRightError: lambda env, error: env._(
        "The API member's security role lacks the right “%s”, Inquire: All.",
        error.right,
    ),
    RateLimitError: lambda env, error: env._(
        "ConnectWise asks for a pause because of too many requests."
    ),
    DeadlineError: lambda env, error: env._("ConnectWise did not answer in time."),
    ServerError: lambda env, error: env._("ConnectWise has an error of its own."),
    BadAnswerError: _bad_answer,
    UnqueryableError: lambda env, error: env._(
        "ConnectWise cannot be asked for the number “%s”.", error.value
    ),
    AmbiguousNumberError: lambda env, error: env._(
        "ConnectWise has too many invoices with the number “%s”.", error.value
    ),
    NotFoundError: lambda env, error: env._("ConnectWise does not have this any more."),
}

_OWN_SENTENCES = {
    "mass_loss": lambda env, facts: env._(
        "%(lost)s of %(all)s connected companies are missing in ConnectWise's answer."
        " Nothing was changed. Please check ConnectWise and the API member's rights.",
        lost=facts["lost"],
        all=facts["all"],
    ),
    "another_connectwise": lambda env, facts: env._(
        "Another ConnectWise was connected meanwhile, so this synchronization was"
        " stopped. The next one reads all of it."
    ),
    "unexpected": lambda env, facts: env._(
        "The synchronization stopped because of an unexpected error. Whoever runs the"
        " Odoo server finds it in the log."
    ),
}
"""Failures that are not ConnectWise's, by the `kind` in their facts."""
