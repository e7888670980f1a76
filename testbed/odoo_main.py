"""Odoo's command line, as a file of its own.

With workers, Odoo starts another process from the file that it was started from. That
fails for `python -m odoo`.
"""

from odoo.cli.command import main

if __name__ == "__main__":
    main()
