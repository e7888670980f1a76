"""Take the pictures of the documents and of the addon's page.

They show the demo's customers and invoices in a new database. Elements are found by
their text, so that a new layout does not break this script.
"""

import io
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops

from testbed.browser import Browser, browser
from testbed.databases import prepare_reconciliation_template
from testbed.demo_data import SANDBOX
from testbed.environment import (
    LOCAL,
    ROOT,
    port_is_free,
    run_module,
    say,
    wait_until,
)
from testbed.mailbox import Mailbox
from testbed.odoo_process import OdooProcess
from testbed.person import Person
from testbed.postgresql import (
    copied_database,
    postgresql,
    wake_scheduled_actions,
)
from testbed.sandbox import sandbox_process

from .run_demo import local_hosts

WIDTH, HEIGHT = 1400, 900
COVER = 1120, 560
"""Twice the size at which the Odoo Apps store shows it, for sharp screens."""

MOST_BYTES = 150_000
BOTTOM_MARGIN = 24
COLOURS = (256, 128, 64, 32)

PAGE = ROOT / "benji_connectwise" / "static" / "description"
DOCS = ROOT / "docs" / "images"


class Stage(NamedTuple):
    """The page, the database and the people that pictures are taken of."""

    url: str
    browser: Browser
    person: Person

    def open(self, path: str) -> None:
        self.browser.open(f"{self.url}/odoo/{path}")

    def find_invoice(self, *domain: list) -> int:
        """Return the newest invoice of this kind."""
        ours = ["move_type", "=", "out_invoice"]
        return self.person.call(
            "account.move", "search", [ours, *domain], limit=1, order="name desc"
        )[0]


def show_why(stage: Stage) -> None:
    move = stage.find_invoice(
        ["connectwise_lookup_ids.verdict", "=", "accepted"],
        ["connectwise_lookup_ids.has_pdf", "=", True],
        ["connectwise_is_open", "=", False],
        ["commercial_partner_id.connectwise_company_id", "!=", False],
    )
    stage.open(f"customer-invoices/{move}")
    stage.browser.click("Why this PDF?", ".nav-link")
    stage.browser.see("comes from ConnectWise PSA")
    wait_for_preview(stage.browser)


def show_mapping(stage: Stage) -> None:
    stage.open("customer-mapping")
    stage.browser.see("Account ID", ".o_data_row")


def show_integrations(stage: Stage) -> None:
    stage.open("integrations")
    stage.browser.see("Connected", ".o_form_view")
    stage.browser.see("Configure PDF Priority")


def show_sending(stage: Stage) -> None:
    move = stage.find_invoice(
        ["connectwise_amount_differs", "=", True],
        ["connectwise_lookup_ids.has_pdf", "=", True],
    )
    stage.open(f"customer-invoices/{move}")
    stage.browser.click("Send", ".o_form_statusbar button, .o_statusbar_buttons button")
    stage.browser.see("ConnectWise", ".modal")


def show_number_rules(stage: Stage) -> None:
    stage.open("integrations")
    stage.browser.click("More settings")
    stage.browser.click("Number Rules", "button")
    stage.browser.click("Try", "button[name=action_try]")
    stage.browser.see("", "[name=result_ids] tbody tr", 120)


def show_connecting(stage: Stage) -> None:
    stage.open("customer-mapping")
    stage.browser.see("Conflict", ".o_data_row")
    stage.browser.run(
        """
        [...document.querySelectorAll(".o_data_row")]
            .find((row) => row.innerText.includes("Conflict"))
            .querySelector("[name=action_connect]").click()
        """
    )
    stage.browser.see("", ".modal [name=suggestion_ids]")


def show_reconciliation(stage: Stage) -> None:
    stage.open("connectwise-reconciliation")
    stage.browser.see("", ".o_group_header, .o_data_row")
    # Groups are closed at first.
    stage.browser.run(
        """
        for (const group of document.querySelectorAll(".o_group_header")) group.click()
        """
    )


PICTURES: dict[str, tuple[Path, Callable[[Stage], None]]] = {
    "why-this-pdf": (PAGE, show_why),
    "customer-mapping": (PAGE, show_mapping),
    "integrations": (PAGE, show_integrations),
    "sending": (PAGE, show_sending),
    "number-rules": (PAGE, show_number_rules),
    "connecting": (DOCS, show_connecting),
    "reconciliation": (DOCS, show_reconciliation),
}

COVER_PAGE = """
<body style="margin: 0; width: 1120px; height: 560px; overflow: hidden;
             background: linear-gradient(120deg, #1f3b64, #714b67); color: white;
             font-family: 'DejaVu Sans', sans-serif">
  <div style="padding: 56px; width: 400px">
    <img src="{icon}" width="72" height="72" style="border-radius: 12px">
    <h1 style="font-size: 44px; margin: 28px 0 16px">ConnectWise Invoice PDF</h1>
    <p style="font-size: 22px; line-height: 1.4">Your customers get ConnectWise PSA's
    detailed invoice from Odoo.</p>
  </div>
  <img src="{picture}" style="position: absolute; left: 500px; top: 64px; width: 900px;
       border-radius: 8px; box-shadow: 0 8px 40px #0008">
</body>
"""


def main() -> None:
    names = sys.argv[1:] or [*PICTURES, "cover"]
    if unknown := set(names) - {*PICTURES, "cover"}:
        sys.exit(f"There is no picture {', '.join(sorted(unknown))}.")
    with ExitStack() as stack:
        page = stack.enter_context(browser(WIDTH, HEIGHT))
        if wanted := [name for name in names if name in PICTURES]:
            stage = Stage(*start_odoo(stack, page))
            for name in wanted:
                folder, show = PICTURES[name]
                take(page, folder / f"{name}.png", lambda show=show: show(stage))
        if "cover" in names:
            page.resize(*COVER)
            take(page, PAGE / "cover.png", lambda: show_cover(page))


def start_odoo(stack: ExitStack, page: Browser) -> tuple[str, Browser, Person]:
    """Run Odoo with the demo's data until the stack ends; wait until all is there."""
    stack.enter_context(postgresql())
    sandbox = stack.enter_context(
        sandbox_process(
            # The pictures show the port.
            port=8070 if port_is_free(8070) else 0,
            today=date.today().isoformat(),
            **SANDBOX,
        )
    )
    database = stack.enter_context(
        copied_database(prepare_reconciliation_template(), "benji_pictures")
    )
    say("entering customers and invoices (about 10 seconds)")
    hosts = local_hosts(sandbox.url)
    run_module("testbed.demo_data", database, sandbox.url, local_hosts=hosts)
    mailbox = stack.enter_context(Mailbox())
    odoo = OdooProcess(
        database,
        crons=1,
        smtp_port=mailbox.port,
        environment={"BENJI_CONNECTWISE_LOCAL_HOSTS": hosts},
        log=LOCAL / "pictures.log",
    )
    stack.enter_context(odoo)
    person = stack.enter_context(odoo.person("accountant"))
    say("waiting for the scheduled actions")
    wake_scheduled_actions(database)
    if not wait_until(lambda: is_ready(person), 300, step=2):
        say("they are not finished; taking the pictures all the same")
    page.log_in(odoo.url, "accountant")
    return odoo.url, page, person


def is_ready(person: Person) -> bool:
    """Whether PDFs were fetched, and invoices compared."""
    lines = person.call("connectwise.reconciliation.line", "search_count", [])
    asked = person.call("connectwise.lookup", "search_count", [["state", "!=", False]])
    pdfs = person.call("connectwise.lookup", "search_count", [["has_pdf", "=", True]])
    return lines and asked > SANDBOX["invoices"] / 2 and pdfs > asked / 2


def take(page: Browser, file: Path, show: Callable[[], None]) -> None:
    """Call `show`, and write a picture of the page to a file."""
    say(f"taking {file.relative_to(ROOT)}")
    show()
    # Wait until animations have ended.
    before, now = b"", page.picture()
    for _attempt in range(20):
        if before == now:
            break
        time.sleep(0.7)
        before, now = now, page.picture()
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(make_small(now))


def make_small(png: bytes) -> bytes:
    """Return the picture with the most colours with which it fits into `MOST_BYTES`."""
    picture = cut_bottom(Image.open(io.BytesIO(png)).convert("RGB"))
    for colours in COLOURS:
        file = io.BytesIO()
        few = picture.quantize(colours, dither=Image.Dither.NONE)
        few.save(file, "PNG", optimize=True)
        if file.tell() <= MOST_BYTES:
            break
    return file.getvalue()


def cut_bottom(picture: Image.Image) -> Image.Image:
    """Return the picture with the empty space below cut down to a margin."""
    corner = picture.getpixel((0, picture.height - 1))
    empty = Image.new("RGB", picture.size, corner)
    box = ImageChops.difference(picture, empty).getbbox()
    bottom = min(picture.height, box[3] + BOTTOM_MARGIN)
    return picture.crop((0, 0, picture.width, bottom))


def wait_for_preview(page: Browser) -> None:
    """Wait for the PDF beside an invoice, if the window is wide enough to show it."""
    script = """
        (() => {
            const frame = document.querySelector(".o_attachment_preview iframe");
            const text = ".textLayer span";
            return !frame || Boolean(frame.contentDocument.querySelector(text));
        })()
    """
    if not wait_until(lambda: page.run(script), 30, step=1):
        say("the PDF beside the invoice did not appear")


def show_cover(page: Browser) -> None:
    content = COVER_PAGE.format(
        icon=(PAGE / "icon.png").as_uri(), picture=(PAGE / "why-this-pdf.png").as_uri()
    )
    file = LOCAL / "cover.html"
    file.write_text(content)
    page.open(file.as_uri())


if __name__ == "__main__":
    main()
