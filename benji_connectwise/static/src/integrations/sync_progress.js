import {SyncStatus} from "../sync_status";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/**
 * On the tile: how far reading ConnectWise's customers is, while it is read.
 * At the end the tile is loaded again, with its figures.
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
