import {DocumentationLink} from "@web/views/widgets/documentation_link/documentation_link";
import {SyncStatus} from "../sync_status";
import {useBus} from "@web/core/utils/hooks";
import {user} from "@web/core/user";

/**
 * The line above the report: the progress of a rescan, the time of the last, failures.
 */
export class MappingReportStatus extends SyncStatus {
    static template = "benji_connectwise.MappingReportStatus";
    static components = {DocumentationLink};
    static props = {
        bus: {type: EventTarget},
        onFinished: {type: Function},
    };

    setup() {
        super.setup();
        useBus(this.props.bus, "CONNECTWISE:LOADED", () => this.refresh());
    }

    onFinished() {
        this.props.onFinished();
    }

    rescan() {
        return this.ask("connectwise.mapping", "action_rescan", () => this.refresh());
    }

    connectExactMatches() {
        return this.ask(
            "connectwise.mapping.exact",
            "action_open",
            this.props.onFinished
        );
    }

    ask(resModel, name, onClose) {
        return this.action.doActionButton({
            type: "object",
            name,
            resModel,
            resIds: [],
            // The language, and the companies that are chosen.
            context: user.context,
            // No promise is returned: Odoo would wait for it before it removes the
            // dialog, and after the report is left, a call of this component never ends.
            onClose: (info) => {
                if (!info?.noReload) {
                    onClose();
                }
            },
        });
    }

    async cancel() {
        await this.orm.call("connectwise.backend", "action_cancel_sync", [
            this.status.backend_id,
        ]);
        this.status.isCancelled = true;
        await this.refresh();
    }

    open(action) {
        return this.action.doAction(action);
    }
}
