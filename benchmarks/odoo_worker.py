"""An Odoo process with the addon that measures what it is asked to do.

usage: python -m benchmarks.odoo_worker DATABASE SMTP_PORT

Reads one JSON object per line, {"module": a module of this folder, "call": the name of
a function there, "with": its arguments after the worker}, and answers with one line.
The functions call the addon's public methods and commit, as a person's request or a
scheduled action does.
"""

import json
import sys
import traceback
from importlib import import_module
from typing import TextIO

from testbed.in_process import odoo_in_process

from .worker import Worker


def main() -> None:
    database, smtp_port = sys.argv[1:]
    answers, sys.stdout = sys.stdout, sys.stderr
    with odoo_in_process(database, int(smtp_port)) as registry:
        serve(Worker(registry), answers)


def serve(worker: Worker, answers: TextIO) -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        question = json.loads(line)
        try:
            function = getattr(import_module(question["module"]), question["call"])
            answer = {"result": function(worker, **question["with"])}
            worker.cr.commit()
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
            worker.cr.rollback()
            worker.root.invalidate_all(flush=False)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
