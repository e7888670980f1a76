"""The bench for tests, benchmarks and the demo: Odoo, PostgreSQL, ConnectWise, mail.

- `environment`: paths, ports, processes, and Odoo's configuration
- `postgresql`: a PostgreSQL server and its databases, without Odoo
- `databases`: databases with the addon, installed once and copied afterwards
- `odoo_process`: an Odoo server in a process of its own
- `in_process`: Odoo in this process
- `person`: a person who uses Odoo's web server
- `sandbox`: the ConnectWise sandbox, in another process or in this one
- `mailbox`: a mail server that delivers nothing
- `furnishing`: a company, an accountant, customers, invoices, the connection
- `demo_data`: the database of the demo
"""
