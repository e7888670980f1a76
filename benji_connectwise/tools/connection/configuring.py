"""*Configure*: testing the entries of the dialog, and saving them."""

from ...lib.connectwise_client import (
    REGIONS,
    AddressError,
    ConnectWiseClient,
    ConnectWiseError,
    Credentials,
    normalise_address,
)
from .asking import SYNC_RIGHTS, note_rights, note_success, serialize_missing_rights
from .checking import LIMITS, describe_access
from .encryption import SecretKeyError
from .explain import explain, explain_stored, field_to_correct
from .private_key import find_for_dialog, read, read_of_server, store
from .server_settings import get_client_id, get_local_hosts

SAVED_FIELDS = (
    "server_url",
    "company_login_id",
    "public_key",
    "client_id",
    "sync_contacts",
    "auto_enable_contacts",
)

REGION_NAMES = [
    ("na", "North America (na.myconnectwise.net)"),
    ("eu", "Europe (eu.myconnectwise.net)"),
    ("au", "Australia (au.myconnectwise.net)"),
    ("aus", "Australia (aus.myconnectwise.net)"),
    ("za", "South Africa (za.myconnectwise.net)"),
    ("staging", "Staging (staging.connectwisedev.com)"),
    ("own", "Own server"),
]

KEY_FIELDS = ("public_key", "private_key")

NOTHING_WRONG = {"error_field": False, "error_message": False}


def check_typed_address(wizard):
    """Ask ConnectWise for the Company Login ID at the typed address.

    :return: values of the wizard: which field is wrong, and why; the whole address
    """
    if empty := _find_empty(wizard, ("company_login_id", "server_url")):
        return empty
    address = wizard.server_url.strip()
    wrong = _find_wrong_address(wizard, address)
    if wrong and "://" not in address:
        # A host that the server's administrator listed need not speak https.
        plain = f"http://{address}"
        if not _find_wrong_address(wizard, plain):
            return {**NOTHING_WRONG, "server_url": plain}
    return wrong or NOTHING_WRONG


def _find_wrong_address(wizard, address):
    """Return values of the wizard: what is wrong with the address, or {}."""
    try:
        # Nothing is asked with the keys, so the private one is not even read.
        with _typed_client(wizard, private_key="", address=address) as client:
            client.discover()
    except ConnectWiseError as error:
        wrong = _explain(wizard.env, error)
        if wrong["error_field"] in KEY_FIELDS:
            # It is not ConnectWise that answered so.
            wrong["error_field"] = "server_url"
        return wrong
    return {}


def check_everything(wizard):
    """Ask ConnectWise what the typed keys allow, if the address was typed.

    :return: as of `check_typed_keys`
    """
    empty = _find_empty(wizard, ("company_login_id", "server_url"))
    return empty or check_typed_keys(wizard, wizard.sync_contacts)


def check_typed_keys(wizard, include_contacts=False):
    """Ask ConnectWise what the typed keys allow.

    :param include_contacts: whether companies and contacts are to be read
    :return: values of the wizard: which field is wrong, and why; else the rights
    """
    values = {"access_summary": False, "access_missing": False, "missing_rights": False}
    try:
        private_key = find_for_dialog(wizard)
        if empty := _find_empty(wizard, ("public_key",)):
            return values | empty
        if not private_key.strip():
            return values | _say(wizard.env, "private_key")
        with _typed_client(wizard, private_key) as client:
            report = client.check_access(include_contacts=include_contacts)
            for error in report.errors:
                raise error
    except ConnectWiseError as error:
        return values | _explain(wizard.env, error)
    values["access_summary"] = describe_access(report)
    if report.missing:
        values["missing_rights"] = report.missing
        values["access_missing"] = explain_stored(
            wizard.env, serialize_missing_rights(report.missing)
        )
    return values | NOTHING_WRONG


def check_option(wizard):
    """Ask ConnectWise what the contact option needs, while the person decides.

    :return: values of the wizard: the rights, and what is missing; no field is wrong,
        because nothing is saved yet
    """
    values = check_everything(wizard)
    if wrong := values.get("error_message"):
        values["access_missing"] = wizard.env._(
            "It could not be tested whether this option works. %s", wrong
        )
    return values | NOTHING_WRONG


def _find_empty(wizard, names):
    """Return values of the wizard that show the first of these empty fields, or {}."""
    for name in names:
        if not (wizard[name] or "").strip():
            return _say(wizard.env, name)
    return {}


def _say(env, field):
    return {
        "error_field": field,
        "error_message": env._("Please fill in this field."),
    }


def _explain(env, error):
    return {
        "error_field": field_to_correct(error) or "server_url",
        "error_message": explain(env, error),
    }


def _typed_client(wizard, private_key, address=None):
    return ConnectWiseClient(
        address or wizard.server_url,
        Credentials(
            wizard.company_login_id.strip(),
            (wizard.public_key or "").strip(),
            private_key.strip(),
            (wizard.client_id or "").strip() or get_client_id(),
        ),
        LIMITS,
        local_hosts=get_local_hosts(),
    )


def get_step_of_error(wizard):
    """Return the step with the field to correct, or False."""
    if not wizard.error_field:
        return False
    return "keys" if wizard.error_field in KEY_FIELDS else "address"


def describe_keys(wizard):
    """Return values of the wizard: which keys there are; never the keys."""
    try:
        has_private_key = bool(find_for_dialog(wizard))
    except SecretKeyError:
        has_private_key = False
    return {
        "private_key": False,
        "has_private_key": has_private_key,
        "is_private_key_on_server": bool(
            read_of_server(wizard.server_url, get_local_hosts())
        ),
        "is_client_id_on_server": bool(get_client_id()),
    }


def get_region(server_url):
    """Return the region that an address belongs to, "own" for none, False if empty."""
    try:
        origin = normalise_address(server_url or "", ())
    except AddressError:
        return server_url and "own"
    by_host = {host: region for region, host in REGIONS.items()}
    return by_host.get(origin.removeprefix("https://"), "own")


def get_address(region, server_url):
    """Return the address for a region that was chosen.

    :param server_url: the one that was typed before
    """
    if region in REGIONS:
        return REGIONS[region].removeprefix("api-")
    return server_url if f"api-{server_url}" not in REGIONS.values() else False


def save(wizard, backend):
    """Store the tested entries in a connection, or in a new one.

    :return: a notification
    """
    values = {name: wizard[name] for name in SAVED_FIELDS}
    values["server_url"] = values["server_url"].strip()
    if wizard.is_private_key_on_server:
        # Where the server has a key of its own, none is needed in the database.
        store(backend, None)
    elif typed := read(wizard):
        values["private_key"] = typed
    company = wizard.company_id or wizard.env.company
    if backend:
        backend.write({**values, "active": True})
    else:
        backend = backend.create({**values, "company_id": company.id})
    note_success(backend, codebase=None, explicit=True)
    missing = wizard.missing_rights or ()
    note_rights(backend, missing)
    if backend.sync_contacts and not set(missing) & set(SYNC_RIGHTS):
        backend._trigger_sync()
    return _describe_saving(wizard, company)


def _describe_saving(wizard, company):
    _, missing = wizard.env._, wizard.access_missing
    sentences = []
    if wizard.sync_contacts:
        sentences.append(
            _("ConnectWise's customers are being read; this page shows how far.")
        )
    Source = wizard.env["invoice.pdf.source"]
    if "connectwise" not in Source._get_sources(company.id):
        sentences.append(
            _("Now set your Invoice PDF Priority at the bottom of this page.")
        )
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": "warning" if missing else "success",
            "title": _("ConnectWise PSA was saved, but a permission is missing")
            if missing
            else _("ConnectWise PSA is connected"),
            "message": missing or " ".join(sentences),
            "sticky": bool(missing),
            "next": {"type": "ir.actions.client", "tag": "soft_reload"},
        },
    }
