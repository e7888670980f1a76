"""One running Odoo for all of these tests, on a database of its own."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from cryptography.fernet import Fernet
from odoo_with_demo import Odoo

from connectwise_sandbox import Sandbox
from testbed import demo_data
from testbed.databases import prepare_template
from testbed.environment import run_module
from testbed.mailbox import Mailbox
from testbed.odoo_process import OdooProcess
from testbed.postgresql import copied_database, postgresql

TODAY = "2026-10-31"


@pytest.fixture(scope="session")
def odoo() -> Iterator[Odoo]:
    """Odoo with the demo's customers and invoices, before ConnectWise was asked."""
    with ExitStack() as stack:
        stack.enter_context(postgresql())
        sandbox = stack.enter_context(Sandbox(**demo_data.SANDBOX, today=TODAY))
        database = stack.enter_context(
            copied_database(prepare_template(), "benji_end_to_end")
        )
        run_module(
            *("testbed.demo_data", database, sandbox.url), local_hosts=sandbox.host
        )
        mailbox = stack.enter_context(Mailbox())
        environment = {
            "BENJI_CONNECTWISE_LOCAL_HOSTS": sandbox.host,
            # The key is still stored in clear; the server encrypts it as it starts.
            "BENJI_CONNECTWISE_SECRET_KEY": Fernet.generate_key().decode(),
        }
        # Without scheduled actions: the tests run them.
        process = OdooProcess(
            database, workers=2, smtp_port=mailbox.port, environment=environment
        )
        stack.enter_context(process)
        odoo = Odoo(process, sandbox, mailbox)
        stack.callback(odoo.close)
        yield odoo
