import {MappingReportStatus} from "./mapping_report_status";
import {EventBus} from "@odoo/owl";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {ListController} from "@web/views/list/list_controller";
import {_t} from "@web/core/l10n/translation";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {pressableListView} from "../pressable_list";
import {registry} from "@web/core/registry";

const EMPTY_GROUPS = {
    connection: _t("Not connected"),
    connectwise_status: _t("No ConnectWise customer"),
};

function nameEmptyGroups(root) {
    for (const group of root.groups || []) {
        const name = EMPTY_GROUPS[group.groupByField.name];
        if (!group.value && name) {
            group.displayName = name;
        }
        nameEmptyGroups(group.list);
    }
}

/**
 * The Customer Mapping Report is Odoo's list, or its cards on a phone, with the status
 * line above it.
 *
 * @param {Function} Controller - the controller of Odoo's view
 * @param {String} template - the view's template with the status line
 * @returns {Function} a controller with the status line
 */
function withStatus(Controller, template) {
    return class extends Controller {
        static template = template;
        static components = {...Controller.components, MappingReportStatus};

        setup() {
            this.statusBus = new EventBus();
            super.setup();
        }

        get modelParams() {
            const params = super.modelParams;
            // After a dialog or another search, the status may have changed.
            params.hooks.onRootLoaded = (root) => {
                nameEmptyGroups(root);
                this.statusBus.trigger("CONNECTWISE:LOADED");
            };
            return params;
        }

        onRescanFinished() {
            return this.model.load();
        }
    };
}

registry
    .category("views")
    .add("connectwise_mapping_list", {
        ...pressableListView,
        Controller: withStatus(ListController, "benji_connectwise.MappingReport"),
    })
    .add("connectwise_mapping_kanban", {
        ...kanbanView,
        Controller: withStatus(
            KanbanController,
            "benji_connectwise.MappingReportCards"
        ),
    })
    // Its buttons apply to the whole list, so rows cannot be selected.
    .add("connectwise_preview_list", {
        ...listView,
        props: (props, view) => ({
            ...listView.props(props, view),
            allowSelectors: false,
        }),
    });
