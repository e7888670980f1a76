"""Keeping keys out of Odoo's own logs.

At level DEBUG Odoo logs the arguments of every call of a browser and the values of
every query, and at level ERROR those of a query that failed, for example because two
people save at once: among them the keys, when a connection is configured.
"""

import logging
import re

_ABOUT_CONNECTION = re.compile(r"connectwise[._]backend")
_KEYS = re.compile(r"public_key|private_key|client_id")
_CALLED = "/connectwise/callback/"
_TOKEN = re.compile(rf"({_CALLED}\d+/)[^\s?\"]+")
_ROW = re.compile(r"(?<=Failing row contains )\(.*", re.DOTALL)
_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|(?<=: )"(?:[^"\\]|\\.)*\"""", re.DOTALL)


class HideKeys(logging.Filter):
    """Removes all texts from a log record about a connection and its keys."""

    def filter(self, record):
        text = record.getMessage()
        if _ABOUT_CONNECTION.search(text):
            # PostgreSQL quotes the whole row, whichever columns the query names.
            text = _ROW.sub("(…)", text)
            if _KEYS.search(text):
                text = _STRING.sub("'…'", text)
            record.msg, record.args = text, ()
        return True


class HideToken(logging.Filter):
    """Removes the token from the address that ConnectWise calls."""

    def filter(self, record):
        text = record.getMessage()
        if _CALLED in text:
            record.msg, record.args = _TOKEN.sub(r"\1…", text), ()
        return True


def install():
    """Hide the keys in what Odoo logs of calls and of queries."""
    logging.getLogger("werkzeug").addFilter(HideToken())
    for name in ("odoo.service.model", "odoo.sql_db"):
        logging.getLogger(name).addFilter(HideKeys())
