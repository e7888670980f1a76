import {Component, markup, useState} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const FIELD = "invoice_pdf_explanation";

/**
 * The contents of the tab "Why this PDF?". Odoo reads the fields of all tabs when it
 * opens an invoice, and this one takes longer than all others. So the widget reads it
 * when the tab is opened, and again after the invoice was read or saved.
 */
export class InvoicePdfExplanation extends Component {
    static template = "benji_connectwise.InvoicePdfExplanation";
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        this.state = useState({html: ""});
        // Odoo replaces the data after reading and saving, but not while a person types.
        useRecordObserver((record) => record.data && this.load(record.resId));
    }

    async load(id) {
        if (id !== this.id) {
            // The old text belongs to the previous invoice.
            this.state.html = "";
            this.id = id;
        }
        const [values] = id ? await this.orm.read("account.move", [id], [FIELD]) : [];
        if (id === this.id) {
            // A template on the server rendered it and escaped ConnectWise's texts.
            this.state.html = markup((values && values[FIELD]) || "");
        }
    }
}

registry.category("view_widgets").add("invoice_pdf_explanation", {
    component: InvoicePdfExplanation,
});
