import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("benji_connectwise_settings", {
    url: "/odoo/settings",
    steps: () => [
        {
            trigger: ".o_searchview_input",
            run: "edit ConnectWise",
        },
        {
            trigger: "#connectwise_integration button:contains('Integrations')",
            run: "click",
        },
        {
            trigger: ".o_connectwise_tile",
        },
    ],
});

tours.add("benji_connectwise_disconnect_connection", {
    url: "/odoo/integrations",
    steps: () => [
        {
            trigger: ".o_connectwise_tile button:contains('More settings')",
            run: "click",
        },
        {
            trigger: "button:contains('Disconnect ConnectWise')",
            run: "click",
        },
        {
            trigger: "button[name='action_open_kept_pdfs']:contains('1 PDFs')",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('CW1001')",
        },
        {
            trigger: ".o_breadcrumb a:contains('Disconnect ConnectWise')",
            run: "click",
        },
        {
            trigger: "button[name='action_disconnect']",
            run: "click",
        },
        {
            trigger: ".o_connectwise_tile:contains('Not configured')",
        },
    ],
});

tours.add("benji_connectwise_archive_connection", {
    url: "/odoo/integrations",
    steps: () => [
        {
            trigger: ".o_connectwise_tile button:contains('More settings')",
            run: "click",
        },
        {
            trigger: ".o_cp_action_menus button",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu .o_menu_item:contains('Archive')",
            run: "click",
        },
        {
            content: "The question says what ends and what stays",
            trigger:
                ".modal:contains('not added to the recipients'):contains('Nothing is deleted')",
        },
        {
            trigger: ".modal footer button:contains('Archive')",
            run: "click",
        },
        {
            trigger: ".ribbon:contains('Archived')",
        },
    ],
});
