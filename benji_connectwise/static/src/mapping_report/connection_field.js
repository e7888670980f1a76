import {BadgeField, badgeField} from "@web/views/fields/badge/badge_field";
import {registry} from "@web/core/registry";

/**
 * A badge, and below it a sentence about the decision that a person has to make.
 */
export class ConnectionField extends BadgeField {
    static template = "benji_connectwise.ConnectionField";
}

registry.category("fields").add("connectwise_connection", {
    ...badgeField,
    // Odoo's lists treat badges apart from other texts, which they cut off.
    additionalClasses: ["o_field_badge"],
    component: ConnectionField,
    fieldDependencies: [{name: "conflict_text", type: "char"}],
});
