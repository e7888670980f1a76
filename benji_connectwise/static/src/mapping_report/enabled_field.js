import {
    BooleanToggleField,
    booleanToggleField,
} from "@web/views/fields/boolean_toggle/boolean_toggle_field";
import {registry} from "@web/core/registry";

/**
 * Odoo's switch, with a name for people who do not see the heading of its column.
 */
export class EnabledField extends BooleanToggleField {
    static template = "benji_connectwise.EnabledField";
}

registry.category("fields").add("connectwise_enabled", {
    ...booleanToggleField,
    component: EnabledField,
});
