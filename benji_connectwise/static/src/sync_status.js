import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {useService} from "@web/core/utils/hooks";

const EVERY = 2000;

/**
 * The progress of a synchronization. It asks the server again while a synchronization is
 * queued or running, and calls `onFinished` at the end.
 */
export class SyncStatus extends Component {
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
        browser.clearTimeout(this.timer);
        const wasBusy = this.isBusy;
        const status = await this.orm.silent
            .call("connectwise.mapping", "get_report_status", [])
            // Without a connection for a moment, the last status stays on the screen.
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
            this.onFinished();
        }
    }
}
