import {Component, onWillDestroy, xml} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const EVERY = 2000;

/**
 * Reads the record of a form again and again until it `is_finished`.
 */
export class Follow extends Component {
    static template = xml``;
    static props = {...standardWidgetProps};

    setup() {
        this.wait();
        onWillDestroy(() => {
            this.isDestroyed = true;
            browser.clearTimeout(this.timer);
        });
    }

    wait() {
        if (!this.isDestroyed && !this.props.record.data.is_finished) {
            this.timer = browser.setTimeout(() => this.follow(), EVERY);
        }
    }

    async follow() {
        try {
            await this.props.record.load();
        } finally {
            this.wait();
        }
    }
}

registry.category("view_widgets").add("connectwise_follow", {component: Follow});
