import {Component, markup, useState} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const FIELD = "invoice_pdf_explanation";

/**
 * Why an invoice has the PDF that it has. Odoo reads the fields of all tabs whenever an
 * invoice is opened, and this takes longer than all else: it is read when its tab is
 * opened, and again whenever the invoice was read or saved.
 */
export class InvoicePdfExplanation extends Component {
    static template = "benji_connectwise.InvoicePdfExplanation";
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        this.state = useState({html: ""});
        // Odoo puts new data in its place then, and not while a person types.
        useRecordObserver((record) => record.data && this.load(record.resId));
    }

    async load(id) {
        if (id !== this.id) {
            // It belongs to the invoice that was shown before.
            this.state.html = "";
            this.id = id;
        }
        const [values] = id ? await this.orm.read("account.move", [id], [FIELD]) : [];
        if (id === this.id) {
            // The server makes it of a template, which escapes ConnectWise's texts.
            this.state.html = markup((values && values[FIELD]) || "");
        }
    }
}

registry.category("view_widgets").add("invoice_pdf_explanation", {
    component: InvoicePdfExplanation,
});
