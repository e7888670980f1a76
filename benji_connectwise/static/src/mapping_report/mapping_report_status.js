import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {useBus, useService} from "@web/core/utils/hooks";

const EVERY = 2000;

/**
 * The line above the report: how far a rescan is, when the last one was, what failed.
 * It asks again only while a rescan is waiting or running.
 */
export class MappingReportStatus extends Component {
    static template = "benji_connectwise.MappingReportStatus";
    static props = {
        bus: {type: EventTarget},
        onFinished: {type: Function},
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.status = useState({});
        useBus(this.props.bus, "CONNECTWISE:LOADED", () => this.refresh());
        onWillStart(() => this.refresh());
        onWillDestroy(() => {
            this.isDestroyed = true;
            browser.clearTimeout(this.timer);
        });
    }

    get isBusy() {
        return ["queued", "running"].includes(this.status.state);
    }

    get percentage() {
        const {read, total} = this.status;
        return total ? Math.min(100, Math.round((100 * read) / total)) : 0;
    }

    async refresh() {
        browser.clearTimeout(this.timer);
        const wasBusy = this.isBusy;
        const status = await this.orm.silent
            .call("connectwise.mapping", "get_report_status", [])
            // A moment without a connection: what was known stays on the screen.
            .catch(() => this.status);
        if (this.isDestroyed) {
            return;
        }
        Object.assign(this.status, status);
        browser.clearTimeout(this.timer);
        if (this.isBusy) {
            this.timer = browser.setTimeout(() => this.refresh(), EVERY);
            return;
        }
        this.status.isCancelled = false;
        if (wasBusy) {
            this.props.onFinished();
        }
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
            // Nothing is returned: Odoo would wait for it before it takes the dialog
            // away, and a call of this component never ends after the report is left.
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
