import {MappingReportStatus} from "./mapping_report_status";
import {EventBus} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {ListController} from "@web/views/list/list_controller";
import {listView} from "@web/views/list/list_view";

/**
 * The Customer Mapping Report is Odoo's list with the rescan's state above it.
 */
export class MappingReportController extends ListController {
    static template = "benji_connectwise.MappingReport";
    static components = {...ListController.components, MappingReportStatus};

    setup() {
        this.statusBus = new EventBus();
        super.setup();
    }

    get modelParams() {
        const params = super.modelParams;
        // A dialog that was closed, or another search: the state may be another, too.
        params.hooks.onRootLoaded = () => this.statusBus.trigger("CONNECTWISE:LOADED");
        return params;
    }

    onRescanFinished() {
        return this.model.load();
    }
}

registry.category("views").add("connectwise_mapping_list", {
    ...listView,
    Controller: MappingReportController,
});
