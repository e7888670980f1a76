import {ListRenderer} from "@web/views/list/list_renderer";
import {listView} from "@web/views/list/list_view";
import {onPatched} from "@odoo/owl";
import {registry} from "@web/core/registry";

/**
 * Odoo's list, in which Enter presses the button that has the focus. Odoo opens the row.
 * The button also keeps the focus when its action made Odoo read the list again.
 */
export class PressableListRenderer extends ListRenderer {
    setup() {
        super.setup();
        onPatched(() => this.focusPressed());
    }

    onCellKeydown(ev, group, record) {
        const button = ev.target.closest("button");
        if (record && button && ["Enter", " "].includes(ev.key)) {
            this.pressed = {id: record.resId, name: button.name};
        }
        if (ev.key !== "Enter" || !button) {
            super.onCellKeydown(ev, group, record);
        }
    }

    focusPressed() {
        if (!this.pressed || document.activeElement !== document.body) {
            return;
        }
        const {id, name} = this.pressed;
        const record = this.props.list.records.find(({resId}) => resId === id);
        const row = this.tableRef.el.querySelector(`tr[data-id="${record?.id}"]`);
        // Until the list was read, the buttons are disabled.
        const buttons = [...(row?.querySelectorAll("button:enabled") || [])];
        if (buttons.length) {
            // In the first line there is no button to move it up.
            (buttons.find((button) => button.name === name) || buttons[0]).focus();
            this.pressed = undefined;
        }
    }
}

export const pressableListView = {...listView, Renderer: PressableListRenderer};

registry.category("views").add("connectwise_list", pressableListView);
