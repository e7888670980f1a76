"""The demo: PostgreSQL, the ConnectWise sandbox, a folder for e-mails, and Odoo.

Everything that is started here ends with it, however it is ended.
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

import psycopg2

from databases import ADDON, addon_state, prepare_template, unfinished
from demo_data import SANDBOX, SETTINGS
from environment import (
    LOCAL,
    ROOT,
    background,
    copy_database,
    database_exists,
    odoo_environment,
    port_is_free,
    postgresql,
    run_odoo,
    say,
    wait_for,
)
from mail_folder import mail_folder

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
    """Two at once would change each other's addresses in the one database."""
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
        with sandbox(sandbox_port, settings) as url:
            if not settings:
                make_database(url)
                settings = read_settings()
            update_addon(settings)
            update_addresses(odoo_port, url)
            run_odoo_server(odoo_port, sandbox_port)


def end_on_signals() -> None:
    """Make Ctrl-C, a closed terminal and `kill` all end this process in good order."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(number, _frame):
        for each in signals:  # nothing may interrupt the tidying up
            signal.signal(each, signal.SIG_IGN)
        say("\nstopping everything")
        sys.exit(128 + number)

    for each in signals:
        signal.signal(each, end)


def read_port(variable: str, default: int) -> int:
    """Return the port in an environment variable, free to be used; else explain."""
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
def sandbox(port: int, settings: dict) -> Iterator[str]:
    """Run the sandbox with the data that the demo's database was made from."""
    say("starting the ConnectWise sandbox")
    options = {name: settings.get(name, SANDBOX[name]) for name in SANDBOX}
    options |= {"port": port, "today": settings.get("today", date.today().isoformat())}
    command = [sys.executable, "-m", "connectwise_sandbox"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with background(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process)
        yield url


def make_database(url: str) -> None:
    """Make the demo's database; interrupted, it leaves none of that name."""
    say("this is the first start: making the demo's database")
    template = prepare_template()
    with unfinished(DATABASE) as name:
        copy_database(template, name)
        say("entering customers and invoices (about 10 seconds)")
        subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "demo_data.py"), name, url],
            env=demo_environment(url),
            check=True,
        )


def demo_environment(url: str) -> dict[str, str]:
    port = url.rpartition(":")[2]
    hosts = f"127.0.0.1:{port},localhost:{port}"
    return {**odoo_environment(), "BENJI_CONNECTWISE_LOCAL_HOSTS": hosts}


def read_settings() -> dict:
    """Return what demo_data.py noted about the database."""
    [[value]] = execute(
        "SELECT value FROM ir_config_parameter WHERE key = %s", SETTINGS
    )
    return json.loads(value)


def update_addon(settings: dict) -> None:
    """Bring a database of an earlier start to what the addon is now."""
    state = addon_state()
    if settings["addon_state"] == state:
        return
    say(f"{ADDON} was changed since the last start: updating the database")
    options = ["--database", DATABASE, "--update", ADDON, "--stop-after-init"]
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
    """Put the ports of this start where the last one's are."""
    execute(
        "UPDATE connectwise_backend SET server_url = %s, retry_at = NULL, failures = 0,"
        " private_key_place = to_jsonb(lower(company_login_id) || '@' || %s)",
        sandbox_url,
        sandbox_url,
    )
    # It is the same ConnectWise at another port.
    execute("UPDATE connectwise_lookup SET place = NULL")
    execute("UPDATE connectwise_sync_history SET place = NULL")
    execute(
        "UPDATE ir_config_parameter SET value = %s WHERE key = 'web.base.url'",
        f"http://localhost:{odoo_port}",
    )


def wake_scheduled_actions() -> None:
    """Let Odoo fetch the PDFs now; by itself it first waits for a minute."""
    execute("SELECT pg_notify('cron_trigger', %s)", DATABASE, database="postgres")


def execute(statement: str, *values: str, database: str = DATABASE) -> list[tuple]:
    with closing(psycopg2.connect(dbname=database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


def run_odoo_server(port: int, sandbox_port: int) -> None:
    """Run Odoo until it is told to stop; exits if it ends by itself."""
    options = ["--database", DATABASE, "--db-filter", f"^{DATABASE}$"]
    options += ["--http-port", str(port), "--max-cron-threads", "1"]
    options += ["--logfile", str(LOG)]
    say("starting Odoo")
    LOG.unlink(missing_ok=True)
    with mail_folder(MAILS) as smtp_port:
        options += ["--smtp", "127.0.0.1", "--smtp-port", str(smtp_port)]
        with background(
            [sys.executable, "-m", "odoo", *options],
            env=demo_environment(f"http://127.0.0.1:{sandbox_port}"),
        ) as process:
            try:
                wait_for(f"http://127.0.0.1:{port}/web/health", process, 180)
                wait_for(f"http://127.0.0.1:{port}/web/login", process)
            except RuntimeError as error:
                sys.exit(f"Odoo did not start: {error}. Its log: {shown(LOG)}")
            wake_scheduled_actions()
            places = {"mails": shown(MAILS), "log": shown(LOG)}
            say(HINTS.format(odoo=port, sandbox=sandbox_port, **places))
            status = process.wait()
    sys.exit(f"Odoo ended by itself, with {status}. Its log: {shown(LOG)}")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
