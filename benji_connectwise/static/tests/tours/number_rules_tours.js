import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("benji_connectwise_number_rules", {
    url: "/odoo/integrations",
    steps: () => [
        {
            trigger: "button[name='action_open_settings']",
            run: "click",
        },
        {
            trigger: "button[name='action_open_number_bench']",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name='line_ids'] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            trigger: ".modal [name='cut_prefix'] input",
            run: "edit X-",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) button[name='action_try']",
            run: "click",
        },
        {
            content: "The rule as typed finds an invoice, before it is saved",
            trigger:
                ".o_field_widget[name='result_ids'] tr:contains('cut prefix') td[name='hits'] button:contains('1')",
            run: "click",
        },
        {
            content: "The figure opens this invoice",
            trigger: ".o_data_row:contains('A-1')",
        },
        {
            trigger: ".breadcrumb a:contains('Number Rules')",
            run: "click",
        },
        {
            trigger: "button[name='action_save']",
            run: "click",
        },
        {
            content: "The rule is in force",
            trigger: ".o_field_widget[name='number_rule_ids']:contains('cut prefix')",
        },
    ],
});
