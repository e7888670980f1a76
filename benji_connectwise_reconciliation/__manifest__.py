{
    "name": "ConnectWise Reconciliation",
    "summary": "List where the invoices of Odoo and ConnectWise PSA do not add up",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Benji",
    "maintainers": ["benji"],
    "support": "https://github.com/benji/benji_connectwise/issues",
    "website": "https://github.com/benji/benji_connectwise",
    "development_status": "Beta",
    "license": "LGPL-3",
    "depends": ["benji_connectwise"],
    "data": [
        "security/ir.model.access.csv",
        "security/connectwise_reconciliation_security.xml",
        "data/ir_cron.xml",
        "wizards/connectwise_reconciliation_compare_views.xml",
        "wizards/connectwise_reconciliation_accept_views.xml",
        "wizards/connectwise_integrations_views.xml",
        "views/connectwise_reconciliation_run_views.xml",
        "views/connectwise_reconciliation_line_views.xml",
        "views/connectwise_reconciliation_menus.xml",
    ],
    "assets": {
        "web.assets_backend": ["benji_connectwise_reconciliation/static/src/**/*"],
        "web.assets_tests": [
            "benji_connectwise_reconciliation/static/tests/tours/**/*"
        ],
    },
    "uninstall_hook": "uninstall_hook",
}
