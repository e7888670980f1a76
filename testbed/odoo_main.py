"""Odoo's command line, as a file of its own.

With workers Odoo starts a further process by the file it was started from, which fails
for `python -m odoo`.
"""

from odoo.cli.command import main

if __name__ == "__main__":
    main()
