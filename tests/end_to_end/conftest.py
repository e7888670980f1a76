"""One running Odoo for all these tests, on a database of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from cryptography.fernet import Fernet
from running import DATABASE, Mailbox, Odoo, mail_server, odoo_server

import demo_data
from connectwise_sandbox import Sandbox
from databases import prepare_template
from environment import (
    copy_database,
    drop_database,
    odoo_environment,
    postgresql,
)

TODAY = "2026-10-31"


@pytest.fixture(scope="session")
def odoo() -> Iterator[Odoo]:
    """Odoo with the demo's customers and invoices; ConnectWise was not asked yet."""
    mailbox = Mailbox()
    with ExitStack() as stack:
        stack.enter_context(postgresql())
        sandbox = stack.enter_context(Sandbox(**demo_data.SANDBOX, today=TODAY))
        copy_database(prepare_template(), DATABASE)
        stack.callback(drop_database, DATABASE)
        environment = odoo_environment() | {
            "BENJI_CONNECTWISE_LOCAL_HOSTS": sandbox.host
        }
        subprocess.run(
            [sys.executable, demo_data.__file__, DATABASE, sandbox.url],
            env=environment,
            check=True,
        )
        smtp_port = stack.enter_context(mail_server(mailbox))
        # What was stored so far is in clear; the server encrypts it as it starts.
        environment["BENJI_CONNECTWISE_SECRET_KEY"] = Fernet.generate_key().decode()
        url = stack.enter_context(odoo_server(environment, smtp_port))
        running = Odoo(url, sandbox, mailbox)
        stack.callback(running.close)
        yield running
