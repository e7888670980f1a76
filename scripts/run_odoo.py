"""Run Odoo with the arguments given, and PostgreSQL while it runs."""

import signal
import subprocess
import sys
from pathlib import Path

from environment import odoo_environment, postgresql

SERVER = Path(__file__).with_name("odoo_server.py")

with postgresql():
    process = subprocess.Popen(
        [sys.executable, str(SERVER), *sys.argv[1:]], env=odoo_environment()
    )
    # Ctrl-C reaches Odoo too; it stops by itself, and PostgreSQL must outlive it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    status = process.wait()
sys.exit(status)
