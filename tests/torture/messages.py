"""Messages for people and administrators: in plain words, and without a key.

Each check returns the violations in words.
"""

import re
from base64 import b64encode

from connectwise_sandbox import Sandbox

NOT_FOR_PEOPLE = re.compile(
    r"Traceback|<class|psycopg2|\w+(Error|Exception)\b|\bNone\b|<html|0x[0-9a-f]{6}"
    r"|SELECT |\{['\"]"
)

SENTENCES = {
    "connection": ("connectwise.backend", "last_error"),
    "history": ("connectwise.sync", "error"),
    "row": ("connectwise.mapping", "message"),
    "invoice": ("account.move", "connectwise_message"),
}
"""Where people are told something: the model and the field."""


def get_sentences(env) -> list[tuple[str, str]]:
    """Return all messages for people, and where they are shown."""
    return [
        (where, text)
        for where, (model, name) in SENTENCES.items()
        for text in env[model].search([]).mapped(name)
    ]


def check_sentences(said: list[tuple[str, str]]) -> list[str]:
    """Messages for people are plain and not empty."""
    return [
        f"{where} says: {text}"
        for where, text in said
        if text and (not text.strip() or NOT_FOR_PEOPLE.search(text))
    ]


def check_secrets(env, sandbox: Sandbox, log: str = "") -> list[str]:
    """No key is in texts that people or administrators read."""
    user = f"{sandbox.company_login_id}+{sandbox.public_key}"
    header = b64encode(f"{user}:{sandbox.private_key}".encode()).decode()
    env.flush_all()
    env.cr.execute(
        "SELECT 'a message', body FROM mail_message"
        " UNION ALL SELECT 'an activity', note FROM mail_activity"
        " UNION ALL SELECT 'the connection', concat(failure::text, sync_failure::text)"
        "   FROM connectwise_backend"
        " UNION ALL SELECT 'the history', concat(failure::text, skipped, counts::text)"
        "   FROM connectwise_sync"
        " UNION ALL SELECT 'a notification', message FROM bus_bus"
        " UNION ALL SELECT 'the log table', message FROM ir_logging"
    )
    texts = [*env.cr.fetchall(), ("the log", log)]
    return [
        f"a key is in {where}"
        for where, text in texts
        if text and (sandbox.private_key in text or header in text)
    ]
