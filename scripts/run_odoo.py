"""Run Odoo with the arguments given, and PostgreSQL while it runs."""

import signal
import subprocess
import sys

from testbed.environment import odoo_environment
from testbed.odoo_process import MAIN
from testbed.postgresql import postgresql

with postgresql():
    process = subprocess.Popen(
        [sys.executable, str(MAIN), *sys.argv[1:]], env=odoo_environment()
    )
    # Ctrl-C reaches Odoo too, which stops by itself. PostgreSQL must outlive it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    status = process.wait()
sys.exit(status)
