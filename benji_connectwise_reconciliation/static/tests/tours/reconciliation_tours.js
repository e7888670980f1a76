import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("benji_connectwise_reconciliation_accept", {
    steps: () => [
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
