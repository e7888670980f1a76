import {registry} from "@web/core/registry";

// The test server's ConnectWise sandbox, as the test set it: its port changes.
function sandboxUrl() {
    const cookie = document.cookie
        .split("; ")
        .find((part) => part.startsWith("connectwise_sandbox="));
    return `http://${cookie.split("=")[1]}`;
}

const tours = registry.category("web_tour.tours");

tours.add("benji_connectwise_configure", {
    url: "/odoo/integrations",
    steps: () => [
        {
            content: "The tile says that nothing is set up",
            trigger: ".o_connectwise_tile:contains('Not configured')",
        },
        {
            trigger: ".o_connectwise_tile button:contains('Configure')",
            run: "click",
        },
        {
            trigger: ".modal [name='company_login_id'] input",
            run: "edit acme",
        },
        {
            trigger: ".modal [name='server_url'] input",
            run: () => {
                const input = document.querySelector(
                    ".modal [name='server_url'] input"
                );
                input.value = sandboxUrl();
                input.dispatchEvent(new Event("input", {bubbles: true}));
                input.dispatchEvent(new Event("change", {bubbles: true}));
            },
        },
        {
            trigger: ".modal [name='client_id'] input",
            run: "edit 11111111-2222-4333-8444-555555555555",
        },
        {
            trigger: ".modal footer button:contains('Next')",
            run: "click",
        },
        {
            content: "The instructions stand beside the keys",
            trigger: ".modal li:contains('System > Members')",
        },
        {
            trigger: ".modal [name='public_key'] input",
            run: "edit wrong",
        },
        {
            trigger: ".modal [name='private_key'] input",
            run: "edit sandboxPrivateKey",
        },
        {
            trigger: ".modal footer button:contains('Next')",
            run: "click",
        },
        {
            content: "The error stands beside the field to mend",
            trigger: ".modal .text-danger:contains('does not accept')",
        },
        {
            trigger: ".modal [name='public_key'] input",
            run: "edit sandboxPublicKey",
        },
        {
            trigger: ".modal footer button:contains('Next')",
            run: "click",
        },
        {
            trigger: ".modal h3:contains('ConnectWise Contact Importing')",
        },
        {
            trigger: ".modal footer button:contains('Save')",
            run: "click",
        },
        {
            trigger: ".o_connectwise_tile:contains('Connected'):contains('acme @')",
        },
    ],
});

tours.add("benji_connectwise_priority", {
    url: "/odoo/integrations",
    steps: () => [
        {
            trigger: "button:contains('Configure PDF Priority')",
            run: "click",
        },
        {
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            trigger: ".o_selected_row [name='source'] input, .o_selected_row select",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('ConnectWise PSA')",
            run: "click",
        },
        {
            content: "The choice has arrived",
            trigger: ".o_selected_row [name='source'] input:value(ConnectWise PSA)",
        },
        {
            trigger: ".o_list_button_save",
            run: "click",
        },
        {
            content: "The sentence stays, and what is never used says so",
            trigger:
                ".o_view_controller:has(.o_connectwise_priority_help) .o_data_row:eq(1):contains('Never used')",
        },
        {
            content: "The first one cannot go up",
            trigger: ".o_data_row:eq(0):not(:has(button[name='action_move_up']))",
        },
        {
            trigger:
                ".o_data_row:eq(1):contains('ConnectWise PSA') button[name='action_move_up']",
            run() {
                this.anchor.focus();
            },
        },
        {
            trigger: ".o_data_row:eq(1) button[name='action_move_up']:focus",
            run: "press Enter",
        },
        {
            content: "It is the first one now, and can be moved on by keyboard",
            trigger: ".o_data_row:eq(0):contains('ConnectWise PSA') button:focus",
            run: "press Enter",
        },
        {
            trigger:
                ".o_data_row:eq(1):contains('ConnectWise PSA') button[name='action_move_up']",
            run: "click",
        },
        {
            trigger: ".o_data_row:eq(0):contains('ConnectWise PSA')",
        },
        {
            content: "It asks before a source is removed",
            trigger: ".o_data_row:eq(0) button[name='unlink']",
            run: "click",
        },
        {
            trigger: ".modal:contains('Remove this source') .btn:contains('Cancel')",
            run: "click",
        },
        {
            trigger: ".o_breadcrumb a:contains('Integrations')",
            run: "click",
        },
        {
            trigger: "[name='priority']:contains('1 ConnectWise PSA')",
        },
        {
            trigger: "button:contains('Configure PDF Priority')",
            run: "click",
        },
        {
            content: "The last source that is left is added too",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            trigger: ".o_selected_row [name='source'] input, .o_selected_row select",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('PDF attached')",
            run: "click",
        },
        {
            trigger: ".o_list_button_save",
            run: "click",
        },
        {
            trigger: ".o_data_row:eq(2):contains('Never used')",
        },
    ],
});

tours.add("benji_connectwise_prefer_odoo", {
    url: "/odoo/customer-invoices",
    steps: () => [
        {
            trigger: ".o_data_row td:contains('CW1001')",
            run: "click",
        },
        {
            trigger: ".o_notebook_headers a:contains('Why this PDF?')",
            run: "click",
        },
        {
            trigger: "[name='invoice_pdf_preference'] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains(/^Odoo$/)",
            run: "click",
        },
        {
            trigger: "[name='invoice_pdf_preference_reason'] input",
            run: "edit Signed on paper",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "The tab says where the order comes from, and why",
            trigger:
                "[name='invoice_pdf_explanation']:contains('Odoo first'):contains('Signed on paper')",
        },
    ],
});

tours.add("benji_connectwise_send", {
    url: "/odoo/customer-invoices",
    steps: () => [
        {
            trigger: ".o_data_row td:contains('CW1001')",
            run: "click",
        },
        {
            trigger: "button[name='action_invoice_sent']:contains('Send')",
            run: "click",
        },
        {
            content: "The dialog says where the PDF comes from",
            trigger: ".modal [name='invoice_pdf_summary']:contains('ConnectWise PSA')",
        },
        {
            trigger: ".modal footer button[name='action_send_and_print']",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
        {
            trigger: ".nav-link:contains('Why this PDF?')",
            run: "click",
        },
        {
            trigger: "[name='invoice_pdf_explanation']:contains('with this same file')",
        },
    ],
});
