"""The demo: PostgreSQL, the ConnectWise sandbox, a folder for e-mails, and Odoo.

However the demo is ended, everything that it started ends too.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

from testbed.databases import (
    ADDON,
    DASHBOARD,
    DEMO_ADDONS,
    RECONCILIATION,
    addon_state,
    prepare_reconciliation_template,
    unfinished,
)
from testbed.demo_data import SANDBOX, SETTINGS
from testbed.environment import (
    LOCAL,
    ROOT,
    port_is_free,
    run_module,
    run_odoo,
    say,
    wait_for,
)
from testbed.mailbox import Mailbox
from testbed.odoo_process import OdooProcess
from testbed.postgresql import (
    Database,
    copy_database,
    database_exists,
    postgresql,
    wake_scheduled_actions,
)
from testbed.sandbox import SandboxClient, sandbox_process

DATABASE = "benji_demo"
LOG = LOCAL / "demo.log"
MAILS = LOCAL / "demo-mails"

HINTS = """
Odoo is ready:  http://localhost:{odoo}

  accountant / accountant    Invoicing administrator, no access to Settings
  admin / admin              everything

What to click first, as accountant:
  1. Invoicing > Customers > Invoices, open CW1101, click Preview: it is the PDF of
     ConnectWise. The tab "Why this PDF?" says where it comes from.
  2. Tick some invoices in the list and click Send. No e-mail leaves this computer:
     each becomes a file in {mails}, after a minute or two.
  3. Invoicing > Configuration > Integrations: the connection, and at the bottom the
     Invoice PDF Priority. Put Odoo first, and CW1101 shows Odoo's own PDF.
  4. Invoicing > Reporting > ConnectWise Reconciliation: where the two do not add up.

The ConnectWise of the demo:  http://localhost:{sandbox}
Odoo's log: {log}
Press Ctrl-C to stop everything; the next start takes seconds.
"""


def main() -> None:
    end_on_signals()
    with only_one():
        run(read_port("ODOO_PORT", 8069), read_port("SANDBOX_PORT", 8070))


@contextmanager
def only_one() -> Iterator[None]:
    """Refuse a second demo: both would write their addresses into one database."""
    with (LOCAL / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("The demo of this folder is running already.")
        yield


def run(odoo_port: int, sandbox_port: int) -> None:
    """Run everything until it is told to stop."""
    say("starting PostgreSQL")
    with postgresql():
        settings = read_settings() if database_exists(DATABASE) else {}
        with sandbox(sandbox_port, settings) as connectwise:
            if not settings:
                make_database(connectwise.url)
                settings = read_settings()
            update_addon(settings)
            update_addresses(odoo_port, connectwise.url)
            run_odoo_server(odoo_port, connectwise.url)


def end_on_signals() -> None:
    """Make Ctrl-C, a closed terminal and `kill` end this process in an orderly way."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(number, _frame):
        for each in signals:  # Nothing may interrupt the clean-up.
            signal.signal(each, signal.SIG_IGN)
        say("\nstopping everything")
        sys.exit(128 + number)

    for each in signals:
        signal.signal(each, end)


def read_port(variable: str, default: int) -> int:
    """Return the port in an environment variable; exit with a message if it is used."""
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        sys.exit(f"{variable}={text} is no port: it has to be a number below 65536.")
    if not port_is_free(int(text)):
        sys.exit(
            f"Port {text} is in use by another program. Choose another one with the"
            f" variable {variable}, for example: {variable}={int(text) + 100} make demo"
        )
    return int(text)


@contextmanager
def sandbox(port: int, settings: dict) -> Iterator[SandboxClient]:
    """Run the sandbox with the data that the demo's database was made from."""
    say("starting the ConnectWise sandbox")
    options = {name: settings.get(name, SANDBOX[name]) for name in SANDBOX}
    today = settings.get("today", date.today().isoformat())
    with sandbox_process(port=port, today=today, **options) as client:
        yield client


def make_database(url: str) -> None:
    """Make the demo's database. If this is interrupted, none of that name is left."""
    say("this is the first start: making the demo's database")
    template = prepare_reconciliation_template()
    with unfinished(DATABASE) as name:
        copy_database(template, name)
        say("entering customers and invoices (about 10 seconds)")
        run_module("testbed.demo_data", name, url, local_hosts=local_hosts(url))


def local_hosts(url: str) -> str:
    """Return both names of the sandbox's host, because people may type either."""
    port = url.rpartition(":")[2]
    return f"127.0.0.1:{port},localhost:{port}"


def read_settings() -> dict:
    """Return the settings that testbed/demo_data.py stored in the database."""
    [[value]] = execute(
        "SELECT value FROM ir_config_parameter WHERE key = %s", SETTINGS
    )
    return json.loads(value)


def update_addon(settings: dict) -> None:
    """Update the database of an earlier start, if the addon has changed."""
    state = addon_state(*DEMO_ADDONS)
    if settings["addon_state"] == state:
        return
    say(f"{ADDON} was changed since the last start: updating the database")
    # Addons that are newer than the database are not installed yet.
    options = ["--database", DATABASE, "--update", ADDON, "--stop-after-init"]
    options += ["--init", f"{DASHBOARD},{RECONCILIATION}"]
    LOG.unlink(missing_ok=True)
    try:
        run_odoo(*options, "--logfile", str(LOG))
    except subprocess.CalledProcessError:
        sys.exit(f"The database could not be updated. Odoo's log: {shown(LOG)}")
    execute(
        "UPDATE ir_config_parameter SET value = %s WHERE key = %s",
        json.dumps({**settings, "addon_state": state}),
        SETTINGS,
    )


def update_addresses(odoo_port: int, sandbox_url: str) -> None:
    """Replace the ports of the last start by those of this one."""
    execute(
        "UPDATE connectwise_backend SET server_url = %s, retry_at = NULL, failures = 0,"
        " private_key_tenant = to_jsonb(lower(company_login_id) || '@' || %s)",
        sandbox_url,
        sandbox_url,
    )
    # It is the same ConnectWise at another port.
    execute("UPDATE connectwise_lookup SET tenant = NULL")
    execute("UPDATE connectwise_sync SET tenant = NULL")
    # Not NULL: it is a part of what an accepted difference is recognized by.
    execute(
        "UPDATE connectwise_reconciliation_run run"
        " SET tenant = backend.private_key_tenant #>> '{}'"
        " FROM connectwise_backend backend WHERE backend.id = run.backend_id"
    )
    execute(
        "UPDATE ir_config_parameter SET value = %s WHERE key = 'web.base.url'",
        f"http://localhost:{odoo_port}",
    )


def execute(statement: str, *values: str) -> list[tuple]:
    with closing(Database(DATABASE)) as database:
        return database.query(statement, *values)


def run_odoo_server(port: int, sandbox_url: str) -> None:
    """Run Odoo until it is told to stop; exits if it ends by itself."""
    say("starting Odoo")
    environment = {"BENJI_CONNECTWISE_LOCAL_HOSTS": local_hosts(sandbox_url)}
    options = {"port": port, "crons": 1, "log": LOG, "environment": environment}
    with Mailbox(MAILS) as mailbox:
        odoo = OdooProcess(DATABASE, smtp_port=mailbox.port, **options)
        try:
            odoo.start(180)
            wait_for(f"{odoo.url}/web/login", odoo.process)
            # Without this, Odoo waits for a minute before it fetches PDFs.
            wake_scheduled_actions(DATABASE)
            places = {"mails": shown(MAILS), "log": shown(LOG)}
            sandbox_port = sandbox_url.rpartition(":")[2]
            say(HINTS.format(odoo=port, sandbox=sandbox_port, **places))
            status = odoo.wait()
        except RuntimeError as error:
            sys.exit(f"Odoo did not start: {error}. Its log: {shown(LOG)}")
        finally:
            odoo.stop()
    sys.exit(f"Odoo ended by itself, with {status}. Its log: {shown(LOG)}")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
