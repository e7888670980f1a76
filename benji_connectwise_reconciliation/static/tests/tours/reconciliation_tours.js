import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("benji_connectwise_reconciliation_accept", {
    steps: () => [
        {
            content: "Which comparison found them",
            trigger: ".o_connectwise_status:contains('Sandbox'):contains('Compared')",
        },
        {
            content: "The differences are grouped by status",
            trigger: ".o_group_name:contains('Other amount')",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('R1') button[name='action_accept']",
            run: "click",
        },
        {
            trigger: ".modal [name='reason'] input",
            run: "edit Rounded in ConnectWise",
        },
        {
            trigger: ".modal footer button[name='action_accept']",
            run: "click",
        },
        {
            content: "It is no open difference any more",
            trigger: "body:not(:has(.modal)):not(:has(.o_data_row:contains('R1')))",
        },
    ],
});

tours.add("benji_connectwise_reconciliation_make_rule", {
    steps: () => [
        {
            content: "Two numbers of what is probably one invoice",
            trigger: ".o_group_name:contains('Probably the same')",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('X-R1') button[name='action_make_rule']",
            run: "click",
        },
        {
            content: "The rule that would join them is there to be tried",
            trigger: "[name='line_ids'] .o_data_row:contains('cut prefix')",
        },
        {
            trigger: "button[name='action_try']",
            run: "click",
        },
        {
            trigger:
                "[name='result_ids'] tr:contains('cut prefix') td[name='hits'] button:contains('1')",
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

tours.add("benji_connectwise_reconciliation_compare", {
    steps: () => [
        {
            content: "The empty page says the next step",
            trigger: ".o_view_nocontent:contains('Nothing was compared yet')",
        },
        {
            trigger: ".o_control_panel button:contains('Compare')",
            run: "click",
        },
        {
            trigger: ".modal [name='date_from']",
        },
        {
            trigger: ".modal footer button[name='action_compare']",
            run: "click",
        },
        {
            content: "It is in the list of comparisons",
            trigger: ".o_data_row:contains('Queued')",
        },
    ],
});
