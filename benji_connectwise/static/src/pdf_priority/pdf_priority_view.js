import {ListController} from "@web/views/list/list_controller";
import {pressableListView} from "../pressable_list";
import {registry} from "@web/core/registry";

/**
 * Invoice PDF Priority is Odoo's list with a sentence above it, even if it has lines.
 */
export class PdfPriorityController extends ListController {
    static template = "benji_connectwise.PdfPriority";
}

registry.category("views").add("invoice_pdf_priority", {
    ...pressableListView,
    Controller: PdfPriorityController,
});
