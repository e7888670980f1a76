import {Component, onWillStart} from "@odoo/owl";
import {DocumentationLink} from "@web/views/widgets/documentation_link/documentation_link";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {ListController} from "@web/views/list/list_controller";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {pressableListView} from "@benji_connectwise/pressable_list";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

/**
 * The line above the differences: which comparison found them.
 */
export class LinesStatus extends Component {
    static template = "benji_connectwise_reconciliation.LinesStatus";
    static components = {DocumentationLink};
    static props = {runId: {type: Number, optional: true}};

    setup() {
        const orm = useService("orm");
        this.action = useService("action");
        this.status = {};
        onWillStart(async () => {
            const {runId} = this.props;
            if (runId) {
                this.status = await orm.call(
                    "connectwise.reconciliation.run",
                    "get_lines_status",
                    [runId]
                );
            }
        });
    }

    openComparisons() {
        return this.action.doAction(
            "benji_connectwise_reconciliation.connectwise_reconciliation_run_action"
        );
    }
}

/**
 * @param {Function} Controller - of the view
 * @param {String} template - the view's template with the line
 * @returns {Function} the view's controller with the line
 */
function withStatus(Controller, template) {
    return class extends Controller {
        static template = template;
        static components = {...Controller.components, LinesStatus};

        get runId() {
            return this.props.context.connectwise_reconciliation_run;
        }
    };
}

registry
    .category("views")
    .add("connectwise_reconciliation_list", {
        ...pressableListView,
        Controller: withStatus(ListController, "benji_connectwise_reconciliation.List"),
    })
    .add("connectwise_reconciliation_kanban", {
        ...kanbanView,
        Controller: withStatus(
            KanbanController,
            "benji_connectwise_reconciliation.Cards"
        ),
    });
