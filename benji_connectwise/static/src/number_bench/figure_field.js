import {Component} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {user} from "@web/core/user";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** A number of invoices; a click opens them. */
export class FigureField extends Component {
    static template = "benji_connectwise.FigureField";
    static props = {...standardFieldProps};

    setup() {
        this.action = useService("action");
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    open() {
        const {resModel, resId} = this.props.record;
        return this.action.doActionButton({
            type: "object",
            name: "action_open",
            args: JSON.stringify([this.props.name]),
            resModel,
            resId,
            resIds: [resId],
            context: user.context,
        });
    }
}

registry.category("fields").add("connectwise_figure", {
    component: FigureField,
    supportedTypes: ["integer"],
});
