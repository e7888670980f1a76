import {BadgeField, badgeField} from "@web/views/fields/badge/badge_field";
import {registry} from "@web/core/registry";

/**
 * A short badge, and below it the sentence that says what has to be decided.
 */
export class ConnectionField extends BadgeField {
    static template = "benji_connectwise.ConnectionField";
}

registry.category("fields").add("connectwise_connection", {
    ...badgeField,
    component: ConnectionField,
    fieldDependencies: [{name: "conflict_text", type: "char"}],
});
