import {CharField, charField} from "@web/views/fields/char/char_field";
import {registry} from "@web/core/registry";

/**
 * A text with an e-mail address, which continues in the next line after its “@” or at a
 * dot, and not in the middle of a word.
 */
export class ContactField extends CharField {
    static template = "benji_connectwise.ContactField";

    get parts() {
        return this.formattedValue.split(/(?<=@)|(?=\.\w)/);
    }
}

registry.category("fields").add("connectwise_contact", {
    ...charField,
    component: ContactField,
});
