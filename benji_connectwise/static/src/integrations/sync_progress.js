import {SyncStatus} from "../sync_status";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/**
 * The progress of a synchronization, on the tile. At the end it loads the tile again,
 * with its new figures.
 */
export class SyncProgress extends SyncStatus {
    static template = "benji_connectwise.SyncProgress";
    static props = {...standardWidgetProps};

    onFinished() {
        return this.action.doAction("soft_reload");
    }
}

registry.category("view_widgets").add("connectwise_progress", {
    component: SyncProgress,
});
