"""The page that a person sees first."""

from __future__ import annotations

from html import escape

from . import defaults

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>ConnectWise PSA sandbox</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto;
       padding: 0 1rem; color: #222 }}
td, th {{ padding: .2rem 1.5rem .2rem 0; text-align: left; font-weight: normal }}
code {{ background: #eef3f8; padding: .1rem .3rem }}
</style></head><body>
<h1>ConnectWise PSA sandbox</h1>
<p>This is not ConnectWise. It is a server that answers like the part of ConnectWise PSA
that deals with companies, contacts and invoices, so that an integration can be tried
without an account. The customers are invented.</p>
<h2>What to type</h2>
<table>
<tr><th>Server</th><td><code>{url}</code></td></tr>
<tr><th>Company Login ID</th><td><code>{login_id}</code></td></tr>
<tr><th>Public Key</th><td><code>{public_key}</code></td></tr>
<tr><th>Private Key</th><td><code>{private_key}</code></td></tr>
<tr><th>Client ID</th><td><code>{client_id}</code> (or any GUID)</td></tr>
</table>
<p>A second pair of keys may read invoices and their PDFs, but no companies and no
contacts: <code>{pdf_public_key}</code> and <code>{pdf_private_key}</code>.</p>
<h2>What to change</h2>
<p>The server can be changed while it runs, and told to misbehave. The README shows
how.</p>
<ul>
<li><a href="/_sandbox/">all control endpoints</a></li>
<li><a href="/_sandbox/faults">faults that can be set</a></li>
<li><a href="/_sandbox/requests">requests received</a></li>
<li><a href="/_sandbox/hard-cases">difficult records</a></li>
<li><a href="/_sandbox/export/companies?limit=50">companies</a>,
<a href="/_sandbox/export/invoices?limit=50">invoices</a></li>
</ul>
</body></html>
"""


def start_page(url: str) -> str:
    """Return the page as HTML; `url` is where the server was reached."""
    return _PAGE.format(
        url=escape(url.rstrip("/")),
        login_id=defaults.COMPANY_LOGIN_ID,
        public_key=defaults.PUBLIC_KEY,
        private_key=defaults.PRIVATE_KEY,
        client_id=defaults.CLIENT_ID,
        pdf_public_key=defaults.PDF_PUBLIC_KEY,
        pdf_private_key=defaults.PDF_PRIVATE_KEY,
    )
