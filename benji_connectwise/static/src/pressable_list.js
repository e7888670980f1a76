import {ListRenderer} from "@web/views/list/list_renderer";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";

/**
 * Odoo's list, in which Enter presses the button that has the focus. Odoo opens the row.
 */
export class PressableListRenderer extends ListRenderer {
    onCellKeydown(ev, ...cell) {
        if (ev.key !== "Enter" || !ev.target.closest("button")) {
            super.onCellKeydown(ev, ...cell);
        }
    }
}

export const pressableListView = {...listView, Renderer: PressableListRenderer};

registry.category("views").add("connectwise_list", pressableListView);
