import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const URL = "/odoo/customer-mapping";
const row = (name) => `.o_data_row:contains('${name}')`;
const footerButton = (name) => `.modal footer button:contains('${name}')`;
const noDialog = {trigger: "body:not(:has(.modal))"};
const openRescan = {
    trigger: ".o_connectwise_status button[name='action_rescan']",
    run: "click",
};

tours.add("benji_connectwise_connect", {
    url: "/odoo/integrations",
    steps: () => [
        {
            trigger: ".o_connectwise_tile button:contains('Sync Status')",
            run: "click",
        },
        {
            trigger: ".o_breadcrumb:contains('Customer Mapping Report')",
        },
        {
            trigger: `${row("Acme Dental")} button[name='action_connect']`,
            run: "click",
        },
        {
            content: "The suggestion says why",
            trigger: `.modal ${row("9001")}:contains('same Account ID')`,
        },
        {
            trigger: `.modal ${row("9001")} button[name='action_connect']`,
            run: "click",
        },
        noDialog,
        {
            trigger: `${row("Acme Dental")}:contains('Manual'):contains('#9001')`,
        },
        {
            trigger: `${row("Foxtrot Ltd")} button[name='action_connect']`,
            run: "click",
        },
        {
            trigger: ".modal [name='connectwise_company_id'] input",
            run: "edit Boulder",
        },
        {
            content: "Twins can be told apart",
            trigger: ".o-autocomplete--dropdown-item:contains('Denver')",
            run: "click",
        },
        {
            trigger: footerButton("Connect"),
            run: "click",
        },
        noDialog,
        {
            trigger: `${row("Foxtrot Ltd")}:contains('Manual'):contains('#9003')`,
        },
    ],
});

tours.add("benji_connectwise_enter", {
    url: URL,
    steps: () => [
        {
            trigger: `${row("Acme Dental")} button[name='action_connect']`,
            run() {
                this.anchor.focus();
            },
        },
        {
            trigger: `${row("Acme Dental")} button[name='action_connect']:focus`,
            run: "press Enter",
        },
        {
            content: "The dialog is open, and not the row's form",
            trigger: footerButton("Cancel"),
            run: "click",
        },
        noDialog,
        {
            trigger: row("Acme Dental"),
        },
    ],
});

tours.add("benji_connectwise_disconnect", {
    url: URL,
    steps: () => [
        {
            trigger: `${row("Acme Dental")} button[name='action_ask_disconnect']`,
            run: "click",
        },
        {
            trigger: footerButton("Disconnect"),
            run: "click",
        },
        {
            trigger: `${row("Acme Dental")}:contains('Disconnected by')`,
        },
        {
            content: "A row without a connection has no such icon",
            trigger: `${row("Acme Dental")}:not(:has(button[name='action_ask_disconnect']))`,
        },
    ],
});

tours.add("benji_connectwise_rescan", {
    url: URL,
    steps: () => [
        openRescan,
        {
            trigger: ".modal [name='get_all_entries'] input",
            run: "check",
        },
        {
            trigger: footerButton("Rescan"),
            run: "click",
        },
        noDialog,
        {
            content: "The report says that it was heard",
            trigger: ".o_connectwise_status:contains('starts in a moment')",
        },
        {
            trigger: ".o_connectwise_status button:contains('Cancel')",
        },
    ],
});

tours.add("benji_connectwise_rescan_discard", {
    url: URL,
    steps: () => [
        openRescan,
        {
            trigger: ".modal:contains('Lifts the disconnection of 1 customer')",
        },
        {
            trigger: ".modal [name='discard_disconnected'] input",
            run: "check",
        },
        {
            trigger: footerButton("Rescan"),
            run: "click",
        },
        noDialog,
        {
            trigger: ".o_connectwise_status:contains('starts in a moment')",
        },
    ],
});

tours.add("benji_connectwise_preview", {
    url: URL,
    steps: () => [
        openRescan,
        {
            trigger: footerButton("Preview"),
            run: "click",
        },
        {
            trigger: ".o_group_header:contains('Will be connected (1)')",
        },
        {
            trigger: row("Foxtrot Ltd"),
        },
        {
            trigger: ".o_control_panel button[name='action_apply']",
            run: "click",
        },
        {
            trigger: `${row("Foxtrot Ltd")}:contains('Account ID')`,
        },
    ],
});

tours.add("benji_connectwise_preview_nothing", {
    url: URL,
    steps: () => [
        openRescan,
        {
            trigger: footerButton("Preview"),
            run: "click",
        },
        {
            trigger: ".o_notification:contains('Nothing would change')",
        },
        {
            content: "Other options can be tried",
            trigger: footerButton("Preview"),
        },
        {
            trigger: footerButton("Cancel"),
            run: "click",
        },
        noDialog,
    ],
});

tours.add("benji_connectwise_enable", {
    url: URL,
    steps: () => [
        {
            content: "A long address continues in the next line after its @",
            trigger: `${row("Acme Dental")} [name='contact_text']:contains('<emma@dental.example>'):has(wbr)`,
        },
        {
            trigger: `${row("Acme Dental")} [name='contact_enabled'] input`,
            run: "click",
        },
        {
            content: "The contact receives the invoices now",
            trigger: `${row("Acme Dental")} [name='contact_enabled'] input:checked`,
        },
        {
            trigger: `${row("Acme Dental")} .o_list_record_selector input`,
            run: "click",
        },
        {
            trigger: ".o_control_panel button[name='disable_contact']",
            run: "click",
        },
        {
            trigger: `${row("Acme Dental")} [name='contact_enabled'] input:not(:checked)`,
        },
        {
            trigger: `${row("Acme Dental")} [name='contact_enabled'] input`,
            run: "click",
        },
        {
            trigger: `${row("Acme Dental")} [name='contact_enabled'] input:checked`,
        },
    ],
});

tours.add("benji_connectwise_undo", {
    url: URL,
    steps: () => [
        {
            trigger: `${row("Acme Dental")} button[name='action_ask_disconnect']`,
            run: "click",
        },
        {
            content: "The question names the customer",
            trigger: ".modal:contains('Disconnect Acme Dental?')",
        },
        {
            trigger: footerButton("Disconnect"),
            run: "click",
        },
        {
            trigger: `${row("Acme Dental")}:contains('Disconnected by')`,
        },
        {
            trigger: ".o_notification button:contains('Undo')",
            run: "click",
        },
        {
            trigger: `${row("Acme Dental")}:contains('Manual')`,
        },
    ],
});

tours.add("benji_connectwise_exact_matches", {
    url: URL,
    steps: () => [
        {
            trigger: "button[name='connect_exact_matches']",
            run: "click",
        },
        {
            trigger: `.modal ${row("Acme Dental")}:contains('same Account ID')`,
        },
        {
            trigger: footerButton("Connect"),
            run: "click",
        },
        noDialog,
        {
            trigger: `${row("Acme Dental")}:contains('Suggestion')`,
        },
    ],
});

tours.add("benji_connectwise_connect_from_list", {
    url: URL,
    steps: () => [
        {
            trigger: `${row("Foxtrot Ltd")} button[name='action_connect']`,
            run: "click",
        },
        {
            trigger: `.modal [name='company_ids'] ${row("9002")} button[name='action_connect']`,
            run: "click",
        },
        noDialog,
        {
            trigger: `${row("Foxtrot Ltd")}:contains('Manual'):contains('#9002')`,
        },
    ],
});
