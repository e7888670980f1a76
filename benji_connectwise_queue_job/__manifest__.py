{
    "name": "ConnectWise PSA Invoice PDF Integration: Job Queue",
    "summary": "Share the work with ConnectWise PSA among several Odoo servers",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Benji",
    "website": "https://github.com/benji/benji_connectwise",
    "license": "LGPL-3",
    "depends": ["benji_connectwise", "queue_job"],
    "data": ["data/queue_job_data.xml"],
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
}
