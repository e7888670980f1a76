import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

const EVERY = 2000;

/**
 * On the tile: how far reading ConnectWise's customers is, while it is read.
 * At the end the tile is loaded again, with its figures.
 */
export class SyncProgress extends Component {
    static template = "benji_connectwise.SyncProgress";
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.status = useState({});
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
        const wasBusy = this.isBusy;
        const status = await this.orm.silent
            .call("connectwise.mapping", "get_report_status", [])
            // A moment without a connection: what was known stays on the screen.
            .catch(() => this.status);
        if (this.isDestroyed) {
            return;
        }
        Object.assign(this.status, status);
        if (this.isBusy) {
            this.timer = browser.setTimeout(() => this.refresh(), EVERY);
        } else if (wasBusy) {
            await this.action.doAction("soft_reload");
        }
    }
}

registry.category("view_widgets").add("connectwise_progress", {
    component: SyncProgress,
});
